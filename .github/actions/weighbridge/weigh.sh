#!/usr/bin/env bash
# Runs or gates, and sets the outputs of the action. Exits 0 whatever the verdict: the last step of the
# action fails with the exit code, after the comment and the artefact are made.
#
# Reads INPUT_* and WEIGHBRIDGE_BIN; inputs reach commands as arguments only, never as code.
set -euo pipefail

out=${GITHUB_OUTPUT:?}
run=${INPUT_RUN:-weighbridge-run}

# One line for each output: a line feed in a value would add an output of its own.
output() {
  printf '%s=%s\n' "$1" "${2//[$'\n\r']/ }" >>"$out"
}

# Ends early with an error of our own.
refuse() {
  printf 'weighbridge action: %s\n' "${1//[$'\n\r']/ }" >&2
  output verdict none
  output exit-code 3
  output report ''
  output run ''
  output comment ''
  exit 0
}

binary=${INPUT_BINARY:-${WEIGHBRIDGE_BIN:-}/weighbridge}
command -v "$binary" >/dev/null || refuse "no weighbridge binary at $binary"

comment=${RUNNER_TEMP:-/tmp}/weighbridge-comment.md
started=${RUNNER_TEMP:-/tmp}/weighbridge-started
rm -f "$comment"
: >"$started"

arguments=()
case ${INPUT_COMMAND:-run} in
  run)
    arguments+=(run "${INPUT_EXPERIMENT:?}" --out "$run")
    [[ -z ${INPUT_DATA:-} ]] || arguments+=(--data "$INPUT_DATA")
    ;;
  gate)
    arguments+=(gate "$run")
    [[ -z ${INPUT_GATE_POLICY:-} ]] || arguments+=(--policy "$INPUT_GATE_POLICY")
    ;;
  *) refuse "command must be run or gate" ;;
esac
arguments+=(--github-summary --comment "$comment" --color never)
while IFS= read -r argument; do
  [[ -z $argument ]] || arguments+=("$argument")
done <<<"${INPUT_ARGS:-}"

# The program takes workflow commands in its output apart; the runner is told not to look for any as
# well, until it meets a token that no output can guess.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '::stop-commands::%s\n' "$token"
code=0
"$binary" "${arguments[@]}" 2>&1 || code=$?
printf '\n::%s::\n' "$token"

# A verdict of an earlier run is not this one's. The file has its keys in a fixed order, and a text in
# it cannot hold a line feed, so this line is the outcome of the whole.
verdict=none
if [[ -f $run/verdict.json && ! $run/verdict.json -ot $started ]]; then
  verdict=$(sed -nE 's/^  "outcome": "(pass|inconclusive|block|invalid)",$/\1/p' "$run/verdict.json" | head -n 1)
fi
case $run in
  /*) path=$run ;;
  *) path=$PWD/$run ;;
esac
report=
[[ ! -f $path/report.html ]] || report=$path/report.html
[[ -f $comment ]] || comment=

output verdict "${verdict:-none}"
output exit-code "$code"
output report "$report"
output run "$path"
output comment "$comment"
