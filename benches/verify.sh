#!/usr/bin/env bash
# `verify` against `sha256sum` over the same data files, on one processor and on all: the best of five runs of each, and how
# many times as fast as on one processor `verify` is on all. The lake holds records that do not compress.
# Usage: bash benches/verify.sh [MEGABYTES]
set -euo pipefail
cd "$(dirname "$0")/.."
program="$(realpath "${TRAILHOUSE_PROGRAM:-${CARGO_TARGET_DIR:-target}/release/trailhouse}")"
megabytes="${1:-500}"
home="$(mktemp -d)"
trap 'rm -rf "$home"' EXIT
python3 - "$megabytes" > "$home/records.jsonl" << 'PYTHON'
import json, os, sys
for number in range(int(sys.argv[1]) * 250):
    at = f"2024-{1 + number % 12:02}-01T00:00:{number % 60:02}Z"
    record = {"id": str(number), "logged_at": at, "updated_at": at, "metadata": {"noise": os.urandom(4096).hex()}}
    print(json.dumps(record))
PYTHON
"$program" --dir "$home/data" -q import bench.audit_logs "$home/records.jsonl" --kind secoda
rm "$home/records.jsonl"
python3 - "$program" "$home" << 'PYTHON'
import os, pathlib, subprocess, sys, time
program, home = sys.argv[1:]
files = sorted(str(file) for file in pathlib.Path(home, "data/lake").rglob("*.parquet") if "_delta_log" not in str(file))
size = sum(os.path.getsize(file) for file in files) / 1e6
def best(command):
    times = []
    for _ in range(5):
        begun = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic() - begun)
    return min(times)
verify = [program, "--dir", f"{home}/data", "verify"]
one = ["taskset", "--cpu-list", "0"]
sha, alone, together = best(one + ["sha256sum"] + files), best(one + verify), best(verify)
print(f"{len(files)} files, {size:.0f} MB")
print(f"sha256sum on one processor: {size / sha:.0f} MB/s")
print(f"verify on one processor: {size / alone:.0f} MB/s, {sha / alone:.2f} of sha256sum")
print(f"verify on {os.cpu_count()} processors: {size / together:.0f} MB/s, {alone / together:.2f} times as fast")
PYTHON
