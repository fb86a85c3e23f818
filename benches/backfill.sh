#!/usr/bin/env bash
# A backfill of 100,000 events in 2,000 pages, the simulated service in another process, 50 ms per answer, 8 requests in
# flight: the ideal is 12.5 s. Then a sync that finds nothing new. Wall-clock time, requests and peak memory. Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${CARGO_TARGET_DIR:-target}/release/trailhouse"
home="$(mktemp -d)"
"$program" simulate --port 0 --events 100000 --days 365 --latency-ms 50 > "$home/service" &
service=$!
trap 'kill "$service"; rm -rf "$home"' EXIT
until grep -q token "$home/service"; do sleep 0.1; done
export SIMULATED_KEY
SIMULATED_KEY="$(sed -n 's/^token: //p' "$home/service")"
cat > "$home/trailhouse.toml" <<TOML
[sources.acme]
kind = "secoda"
$(grep base_url "$home/service")
token = { env = "SIMULATED_KEY" }
streams = ["audit_logs"]
max_in_flight = 8
TOML
for run in backfill again; do
    /usr/bin/time -f "$run: %e s, %U s of processor, %M KiB at most" "$program" --config "$home/trailhouse.toml" --dir "$home/data" -q sync
done
"$program" --config "$home/trailhouse.toml" --dir "$home/data" query "select load, requests, received, stored from loads order by load desc limit 3" --format csv
