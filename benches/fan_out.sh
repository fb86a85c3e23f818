#!/usr/bin/env bash
# The logs and versions of 50,000 resources, the simulated service in another process: requests, wall-clock time and peak
# memory of the audit logs, of the fan-out, and of a run that finds nothing new. Needs GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${CARGO_TARGET_DIR:-target}/release/trailhouse"
events="${1:-150000}"
breadth="${2:-60}"
home="$(mktemp -d)"
"$program" simulate --port 0 --events "$events" --days 365 --breadth "$breadth" > "$home/service" &
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
max_in_flight = 8
TOML
for run in audit_logs resource_logs again; do
    stream="acme.$run"
    if [ "$run" = again ]; then stream=acme; fi
    /usr/bin/time -f "$run: %e s, %U s of processor, %M KiB at most" "$program" --config "$home/trailhouse.toml" --dir "$home/data" -q sync "$stream"
done
"$program" --config "$home/trailhouse.toml" --dir "$home/data" query "select stream, sum(requests) as requests, sum(received) as received, sum(stored) as stored, count(*) as loads from loads group by all order by all" --format csv
"$program" --config "$home/trailhouse.toml" --dir "$home/data" query "select count(distinct resource_id) as resources from activity_logs" --format csv
