#!/usr/bin/env bash
# Keeps one comment on a pull request: found again by a hidden first line, updated in place. Skips with
# a word in the log where there is no pull request, no token, or no right to comment (forks).
#
# Reads COMMENT_FILE, COMMENT_KEY, COMMENT_AUTHOR, PR_NUMBER, GITHUB_REPOSITORY and GH_TOKEN.
set -euo pipefail

skip() {
  printf 'No comment: %s.\n' "$1"
  exit 0
}

[[ ${PR_NUMBER:-} =~ ^[0-9]+$ ]] || skip 'this is no pull request'
[[ -n ${GH_TOKEN:-} ]] || skip 'there is no token'
[[ -n ${COMMENT_FILE:-} && -s ${COMMENT_FILE:-} ]] || skip 'there is no report'
[[ ${GITHUB_REPOSITORY:-} =~ ^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$ ]] || skip 'the repository is not known'
command -v gh >/dev/null || skip 'gh is not installed'

key=${COMMENT_KEY:-}
[[ $key =~ ^[A-Za-z0-9._-]*$ ]] || skip 'comment-key holds other signs than letters, digits, dot, underscore and hyphen'
marker="<!-- weighbridge-comment ${key:-default} -->"
author=${COMMENT_AUTHOR:-github-actions[bot]}

body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  printf '%s\n' "$marker"
  cat "$COMMENT_FILE"
} >"$body"

# A marker in somebody else's comment is not ours: the token may well be allowed to edit it. The query
# runs inside gh; marker and author reach it through the environment.
export MARKER=$marker AUTHOR=$author
# shellcheck disable=SC2016 # `env` belongs to the query.
query='.[] | select((.user.login == env.AUTHOR) and (.body | startswith(env.MARKER))) | .id'
if ! ids=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PR_NUMBER/comments?per_page=100" --jq "$query" 2>/dev/null); then
  skip 'the comments of the pull request cannot be read with this token'
fi
id=$(head -n 1 <<<"$ids")

if [[ $id =~ ^[0-9]+$ ]]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$body" 2>/dev/null ||
    skip 'this token may not update it'
  printf 'Comment %s is up to date.\n' "$id"
else
  gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PR_NUMBER/comments" -F "body=@$body" 2>/dev/null ||
    skip 'this token may not comment (a pull request from a fork has a token that only reads)'
  printf 'Commented.\n'
fi
