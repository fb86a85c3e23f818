#!/usr/bin/env bash
# A backfill of 100,000 events in 2,000 pages, the simulated service in another process, 50 ms per answer, 8 requests in
# flight: the ideal is 12.5 s. Then a sync that finds nothing new. Wall-clock time, requests and peak memory. Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/simulated.sh
start_account --events 100000 --days 365 --latency-ms 50
SIMULATED_KEY="$(told token)"
export SIMULATED_KEY
cat > "$home/trailhouse.toml" << TOML
[sources.acme]
kind = "secoda"
$(grep base_url "$home/service")
token = { env = "SIMULATED_KEY" }
streams = ["audit_logs"]
max_in_flight = 8
TOML
for run in backfill again; do
    timed "$run" -q sync
done
trailhouse query "select load, requests, received, stored from loads order by load desc limit 3" --format csv
