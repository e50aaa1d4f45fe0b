#!/usr/bin/env bash
# Installs the programs named on the command line that are not on PATH, on Debian: from the package
# of the same name, or of the one below. Without apt this says what is missing and fails.
set -euo pipefail

declare -A packages=([chromedriver]=chromium-driver)

missing=()
for program in "$@"; do
    command -v "$program" >/dev/null || missing+=("$program")
done
((${#missing[@]})) || exit 0

if ! command -v apt-get >/dev/null; then
    echo "tests/setup.sh: no apt-get here; the tests need on PATH: ${missing[*]}" >&2
    exit 1
fi

wanted=()
for program in "${missing[@]}"; do
    wanted+=("${packages[$program]:-$program}")
done

root=()
((EUID == 0)) || root=(sudo)

# Debian starts what it installs. The tests start their own, so ask it not to for this once.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap '"${root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
fi

install() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${wanted[@]}"
}

# A machine that never fetched the package lists, or long ago, fails at first.
install || { "${root[@]}" apt-get update -q && install; }

for program in "${missing[@]}"; do
    command -v "$program" >/dev/null || {
        echo "tests/setup.sh: $program was installed but is not on PATH ($PATH)" >&2
        exit 1
    }
done
