#!/usr/bin/env bash
# Installs the programs named on the command line that are not on PATH. On Debian a program's
# package has its name; without apt this says what is missing and fails.
set -euo pipefail

missing=()
for program in "$@"; do
    command -v "$program" >/dev/null || missing+=("$program")
done
((${#missing[@]})) || exit 0

if ! command -v apt-get >/dev/null; then
    echo "tests/setup.sh: no apt-get here; the tests need on PATH: ${missing[*]}" >&2
    exit 1
fi

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
        apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# A machine that never fetched the package lists, or long ago, fails at first.
install || { "${root[@]}" apt-get update -q && install; }

for program in "${missing[@]}"; do
    command -v "$program" >/dev/null || {
        echo "tests/setup.sh: $program was installed but is not on PATH ($PATH)" >&2
        exit 1
    }
done
