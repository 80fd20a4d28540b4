#!/usr/bin/env bash
# Says where the binary goes and under which key it is cached: a hash over everything it is built from.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
key=$(find Cargo.toml Cargo.lock datasets policies harness reports -type f \
  \( -name '*.rs' -o -name '*.toml' -o -name 'Cargo.lock' -o -path '*/templates/*' -o -path '*/starter/*' \) \
  -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
{
  printf 'key=%s\n' "$key"
  printf 'bin=%s\n' "${RUNNER_TEMP:?}/weighbridge-bin"
} >>"${GITHUB_OUTPUT:?}"
