#!/usr/bin/env bash
# The demo in a new home: wall-clock time and peak resident memory, simulator included. Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${TRAILHOUSE_PROGRAM:-${CARGO_TARGET_DIR:-target}/release/trailhouse}"
home="$(mktemp -d)"
trap 'rm -rf "$home"' EXIT
for run in 1 2 3; do
    /usr/bin/time -f "run $run: %e s, %M KiB at most" "$program" --dir "$home/$run" demo > "$home/out"
done
