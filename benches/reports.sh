#!/usr/bin/env bash
# Every report over ten million events of 36 months, 3,000 actors and 200,000 resources, and over the four million versions
# that two of five of them made (versions.sql), for the last 90 days: the median of five warm runs of the whole command and its
# peak resident memory; then the evidence pack of a framework. The rows are put into the warehouse by DuckDB's command line, for
# a bench of reports needs no lake. Needs GNU time, python3 and duckdb (the folder that TRAILHOUSE_TEST_TOOLS names, else PATH).
# Usage: bash benches/reports.sh [EVENTS [REPORT…]]
set -euo pipefail
cd "$(dirname "$0")/.."
program="$(realpath "${TRAILHOUSE_PROGRAM:-${CARGO_TARGET_DIR:-target}/release/trailhouse}")"
duckdb="${TRAILHOUSE_TEST_TOOLS:+$TRAILHOUSE_TEST_TOOLS/bin/}duckdb"
events="${1:-10000000}"
shift || true
home="$(mktemp -d)"
trap 'rm -rf "$home"' EXIT
echo '{"id":"first","logged_at":"2020-01-01T00:00:00Z","updated_at":"2020-01-01T00:00:00Z"}' |
    "$program" --dir "$home/data" -q import bench.audit_logs - --kind secoda
"$duckdb" "$home/data/warehouse.duckdb" << SQL
set preserve_insertion_order = false;
create temp table drawn as
select
    n,
    make_timestamp(epoch_us(now())) - to_microseconds(cast((36.0 * 30 * 86400e6) * ($events - n) / $events as bigint)) as moment,
    (n * 7919) % 3000 as person,
    case
        when n % 5 > 1 then (n * 104729) % 200000
        when hash(n) % 20 = 0 then hash(n + 1) % 100
        else hash(n) % 200000
    end as thing,
    (n * 31) % 97 as kind,
    if(n % 5 < 2, md5('v' || n), null) as version
from range($events) as numbers (n);
insert into activity_logs (
    source, stream, load, loaded_at, revision, id, activity_type, performer_id, performer_type, performer_name, performer_email,
    resource_id, resource_type, resource_name, event_text, event_blocks, metadata, logged_at, created_at, updated_at,
    version_history_id
)
select
    'bench', 'audit_logs', 1, moment, 1, printf('%032x', n),
    case
        when kind < 40 then 'documentation_updated' when kind < 60 then 'user_logged_in' when kind < 80 then 'query_run'
        when kind < 84 then 'role_assigned' when kind < 88 then 'resource_deleted' when kind < 92 then 'data_exported'
        else 'tag_added'
    end,
    'p' || person, if(person % 50 = 0, 'API', 'USER'), 'Person ' || person, 'p' || person || '@example.com',
    'r' || thing, case when kind between 80 and 83 then 'USER' else 'SECODA_ENTITY' end, 'Table ' || thing,
    'Updated Table ' || thing, [{'type': 'text', 'style': 'normal', 'value': 'Updated'}],
    json_object('ip_address', '203.0.' || (person % 250) || '.' || (n % 5)), moment, moment, moment,
    version
from drawn;
.read benches/versions.sql
insert into performers (source, performer_id, performer_type, name, email, is_service_account, disabled, first_observed_at, last_observed_at, is_current)
select 'bench', 'p' || n, if(n % 50 = 0, 'API', 'USER'), 'Person ' || n, 'p' || n || '@example.com', n % 50 = 0, false, timestamp '2023-01-01', make_timestamp(epoch_us(now())), true
from range(3000) as numbers (n);
insert into resources (source, resource_id, resource_type, name, first_observed_at, last_observed_at, is_current)
select 'bench', 'r' || n, 'SECODA_ENTITY', 'Table ' || n, timestamp '2023-01-01', make_timestamp(epoch_us(now())), true
from range(200000) as numbers (n);
insert into wordings by name select distinct * exclude (load) from worded_events;
create temp table classified as select * from classified_wordings;
delete from wordings;
insert into wordings by name select * from classified;
checkpoint;
SQL
du -m "$home/data/warehouse.duckdb"
python3 - "$program" "$home" "$@" << 'PYTHON'
import json, pathlib, statistics, subprocess, sys
program, home, *names = sys.argv[1:]
base = [program, "--dir", f"{home}/data", "-q"]
listed = json.loads(subprocess.run(base + ["report", "list", "--format", "json"], capture_output=True, check=True).stdout)
medians = []
def timed(command):
    done = subprocess.run(["/usr/bin/time", "-f", "%e %M"] + command, capture_output=True, text=True)
    seconds, kibibytes = done.stderr.strip().splitlines()[-1].split()
    return float(seconds), int(kibibytes) // 1024, done.returncode
for name in names or [report["name"] for report in listed]:
    out = f"{home}/{name}.csv"
    runs = [timed(base + ["report", "run", name, "--output", out]) for _ in range(6)][1:]
    median = statistics.median(seconds for seconds, _, _ in runs)
    medians.append(median)
    rows = sum(1 for _ in open(out, encoding="utf-8")) - 1
    flag = "" if median <= 2 else "  SLOW"
    print(f"{name:28} {median:6.2f} s  {max(memory for _, memory, _ in runs):5} MiB  {rows:9} lines{flag}", flush=True)
print(f"median of all: {statistics.median(medians):.2f} s")
seconds, memory, code = timed(base + ["evidence", "--framework", "soc2", "--from", "-90d", "--output", f"{home}/pack.zip"])
print(f"evidence soc2: {seconds:.1f} s, {memory} MiB, code {code}")
PYTHON
