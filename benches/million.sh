#!/usr/bin/env bash
# A first sync of a log of a million simulated events, the simulator in another process, and a second that finds nothing new:
# wall-clock time and peak resident memory of the `sync` process. Needs GNU time. Usage: bash benches/million.sh [EVENTS]
set -euo pipefail
cd "$(dirname "$0")/.."
program="${CARGO_TARGET_DIR:-target}/release/trailhouse"
events="${1:-1000000}"
home="$(mktemp -d)"
"$program" simulate --port 0 --events "$events" --days 365 > "$home/simulator" &
simulator=$!
trap 'kill "$simulator" 2> /dev/null || true; rm -rf "$home"' EXIT
for _ in $(seq 100); do
    grep -q '^base_url' "$home/simulator" && break
    sleep 0.2
done
{
    echo '[sources.bench]'
    echo 'kind = "secoda"'
    grep '^base_url' "$home/simulator"
    echo 'token = { env = "BENCH_TOKEN" }'
    echo 'max_in_flight = 8'
} > "$home/trailhouse.toml"
BENCH_TOKEN="$(sed -n 's/^token: //p' "$home/simulator")"
export BENCH_TOKEN
for run in first again; do
    /usr/bin/time -f "$run: %e s, %M KiB at most" "$program" --config "$home/trailhouse.toml" --dir "$home/data" sync bench.audit_logs
done
"$program" --dir "$home/data" verify
du -sh "$home/data/lake" "$home/data/warehouse.duckdb"
