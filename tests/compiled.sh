#!/usr/bin/env bash
# Builds a wheel of the tree and unpacks it in a directory, with links to what the unit tests read:
#   tests/compiled.sh PYTHON DIRECTORY
# Fails when the wheel has no compiled core.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
place=$2

# setuptools would put what an earlier build has left into the wheel, modules too that are gone.
rm -rf "$root/build"
mkdir -p "$place"
cd "$place"
"$python" -m build --wheel --no-isolation --outdir . "$root" >build.log 2>&1 || {
    cat build.log >&2
    exit 1
}
"$python" -m zipfile -e nuttwist-*.whl .
[[ $("$python" -m nuttwist --version) == *"compiled core"* ]] || {
    grep "nuttwist:" build.log >&2
    exit 1
}
for path in "$root"/*; do
    [[ -e $(basename "$path") || $path == "$root"/build ]] || ln -s "$path" .
done
