#!/usr/bin/env bash
# Builds the binary from the action's own source. Needs the Rust tool chain, which GitHub's runners have.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
CARGO_TARGET_DIR="${RUNNER_TEMP:?}/weighbridge-target" \
  cargo install --locked --path harness/cli --root "${RUNNER_TEMP}/weighbridge-root"
mkdir -p "${WEIGHBRIDGE_BIN:?}"
cp "${RUNNER_TEMP}/weighbridge-root/bin/weighbridge" "$WEIGHBRIDGE_BIN/weighbridge"
