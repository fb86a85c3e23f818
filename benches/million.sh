#!/usr/bin/env bash
# A first sync of a log of a million simulated events, the simulator in another process, and a second that finds nothing new:
# wall-clock time and peak resident memory of the `sync` process. Needs GNU time. Usage: bash benches/million.sh [EVENTS]
set -euo pipefail
cd "$(dirname "$0")/.."
. benches/simulated.sh
start_account --events "${1:-1000000}" --days 365
SIMULATED_KEY="$(told token)"
export SIMULATED_KEY
cat > "$home/trailhouse.toml" << TOML
[sources.acme]
kind = "secoda"
$(grep base_url "$home/service")
token = { env = "SIMULATED_KEY" }
max_in_flight = 8
TOML
for run in first again; do
    timed "$run" sync acme.audit_logs
done
trailhouse verify
du -sh "$home/data/lake" "$home/data/warehouse.duckdb"
