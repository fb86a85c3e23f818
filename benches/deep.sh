#!/usr/bin/env bash
# `verify --deep` over so many rows of three years, in loads of a million, beside `verify` alone: wall-clock time and peak
# resident memory. Needs GNU time and python3. Usage: bash benches/deep.sh [ROWS]
set -euo pipefail
cd "$(dirname "$0")/.."
program="${TRAILHOUSE_PROGRAM:-${CARGO_TARGET_DIR:-target}/release/trailhouse}"
rows="${1:-10000000}"
home="$(mktemp -d)"
trap 'rm -rf "$home"' EXIT
cat > "$home/draw.py" << 'DRAW'
import datetime, sys
first, count, rows = (int(argument) for argument in sys.argv[1:])
begin = datetime.datetime(2023, 1, 1)
step = datetime.timedelta(days=3 * 365) / rows
for number in range(first, min(first + count, rows)):
    at = (begin + number * step).isoformat(timespec="microseconds") + "Z"
    person, thing = number * 7919 % 3000, number * 104729 % 200000
    print(
        f'{{"id":"{number:032x}","activity_type":"documentation_updated","performer_id":"p{person}","performer_type":"USER",'
        f'"performer_metadata":{{"name":"Person {person}","email":"p{person}@example.com"}},"resource_id":"r{thing}",'
        f'"resource_type":"SECODA_ENTITY","resource_metadata":{{"title":"Table {thing}"}},"event_blocks":[{{"type":"text",'
        f'"style":"normal","value":"updated"}}],"logged_at":"{at}","created_at":"{at}","updated_at":"{at}","is_legacy":false}}'
    )
DRAW
for first in $(seq 0 1000000 $((rows - 1))); do
    python3 "$home/draw.py" "$first" 1000000 "$rows" |
        "$program" --dir "$home/data" --quiet import bench.audit_logs - --kind secoda
done
du -sm "$home/data/lake" "$home/data/warehouse.duckdb"
for flag in "" --deep; do
    # shellcheck disable=SC2086
    /usr/bin/time -f "verify $flag: %e s, %M KiB at most" "$program" --dir "$home/data" verify $flag
done
