#!/usr/bin/env bash
# Compaction of one month of about so many MiB of Parquet, which came in many loads: wall-clock time and peak resident memory.
# Needs GNU time and python3. Usage: bash benches/compact.sh [MEBIBYTES [LOADS]]
set -euo pipefail
cd "$(dirname "$0")/.."
program="${TRAILHOUSE_PROGRAM:-${CARGO_TARGET_DIR:-target}/release/trailhouse}"
mebibytes="${1:-1024}"
loads="${2:-32}"
home="$(mktemp -d)"
trap 'rm -rf "$home"' EXIT
# Records of some 1.1 KB of which a third does not repeat; one load's lie within its part of the month, and a few anywhere.
cat > "$home/draw.py" << 'DRAW'
import datetime, json, random, sys
load, loads, rows = (int(argument) for argument in sys.argv[1:])
random.seed(load)
begin = datetime.datetime(2026, 1, 1)
for row in range(rows):
    anywhere = random.random() < 0.02
    part = random.random() if anywhere else (load + random.random()) / loads
    at = (begin + datetime.timedelta(days=31 * part)).isoformat() + "Z"
    key = f"{random.getrandbits(128):032x}"
    record = {
        "id": key, "activity_type": random.choice(["edited", "viewed", "deleted"]), "performer_id": f"p{random.randrange(400)}",
        "performer_type": "USER", "resource_id": f"{random.getrandbits(64):016x}", "resource_type": "SECODA_ENTITY",
        "event_blocks": [{"type": "text", "style": "normal", "value": f"edited {random.getrandbits(256):064x}"}],
        "metadata": {"note": f"{random.getrandbits(512):0128x}", "tags": ["finance", "people", "weekly"] * 12},
        "logged_at": at, "created_at": at, "updated_at": at,
    }
    print(json.dumps(record))
DRAW
# A row takes some 400 bytes in a data file.
rows=$((mebibytes * 1048576 / 400 / loads))
for load in $(seq 0 $((loads - 1))); do
    python3 "$home/draw.py" "$load" "$loads" "$rows" |
        "$program" --dir "$home/data" --quiet import bench.audit_logs - --kind secoda
done
month="$home/data/lake/activity_logs/source=bench/month=2026-01"
echo "before: $(find "$month" -name '*.parquet' | wc -l) files, $(du -sm "$month" | cut -f 1) MiB"
/usr/bin/time -f "compact: %e s, %M KiB at most" "$program" --dir "$home/data" compact
/usr/bin/time -f "again: %e s, %M KiB at most" "$program" --dir "$home/data" compact
"$program" --dir "$home/data" verify
