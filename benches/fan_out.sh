#!/usr/bin/env bash
# The logs and versions of 50,000 resources, the simulated service in another process: requests, wall-clock time and peak
# memory of the audit logs, of the fan-out, and of a run that finds nothing new. Needs GNU time.
# Usage: bash benches/fan_out.sh [EVENTS [BREADTH]]
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/simulated.sh
start_account --events "${1:-150000}" --days 365 --breadth "${2:-60}"
SIMULATED_KEY="$(told token)"
export SIMULATED_KEY
cat > "$home/trailhouse.toml" << TOML
[sources.acme]
kind = "secoda"
$(grep base_url "$home/service")
token = { env = "SIMULATED_KEY" }
max_in_flight = 8
TOML
timed audit_logs -q sync acme.audit_logs
timed resource_logs -q sync acme.resource_logs
timed again -q sync acme
trailhouse query "select stream, sum(requests) as requests, sum(received) as received, sum(stored) as stored, count(*) as loads from loads group by all order by all" --format csv
trailhouse query "select count(distinct resource_id) as resources from activity_logs" --format csv
