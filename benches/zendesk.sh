#!/usr/bin/env bash
# A backfill of 200,000 Zendesk rows in 2,000 pages, the simulated account in another process, 50 ms per answer, 8 requests
# in flight: the ideal is 12.5 s. Then a sync that finds nothing new. Wall-clock time, requests and peak memory. Needs GNU
# time. Usage: bash benches/zendesk.sh [ROWS [LATENCY_MS]]
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/simulated.sh
start_account --service zendesk --events "${1:-200000}" --days 365 --latency-ms "${2:-50}"
SIMULATED_TOKEN="$(told api_token)"
export SIMULATED_TOKEN
cat > "$home/trailhouse.toml" << TOML
[sources.support]
kind = "zendesk"
$(grep base_url "$home/service")
auth = { email = "$(told email)", api_token = { env = "SIMULATED_TOKEN" } }
max_in_flight = 8
TOML
for run in backfill again; do
    timed "$run" -q sync
done
trailhouse query \
    "select kind, count(*) as loads, sum(requests) as requests, sum(received) as received, sum(stored) as stored, min(started_at) as began_at, max(finished_at) as ended_at from loads group by run_id, kind order by began_at" --format csv
