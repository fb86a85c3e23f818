-- title: Load history
-- question: What did each load bring, and did the sums agree?
-- grain: one row per load and stream
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: loads
-- chart: bar started_at stored source
-- notes: The period is that of the start; unaccounted is received less stored, duplicates, rejects, withheld.

with counted as (
    select
        l.load,
        l.run_id,
        l.kind,
        l.source,
        l.stream,
        l.started_at,
        l.finished_at,
        l.version,
        l.requests,
        l.pages,
        l.received,
        l.stored,
        l.duplicates,
        l.revisions,
        l.drift,
        l.rejects,
        l.withheld,
        l.files,
        l.bytes,
        l.entry_sha256,
        coalesce(l.received, 0)
        - coalesce(l.stored, 0)
        - coalesce(l.duplicates, 0)
        - coalesce(l.rejects, 0)
        - coalesce(l.withheld, 0) as unaccounted
    from loads as l
    where
        l.started_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and l.started_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or l.source = cast(source as varchar))
)

select
    counted.load,
    counted.run_id,
    counted.kind,
    counted.source,
    counted.stream,
    counted.started_at,
    counted.finished_at,
    round(date_diff('millisecond', counted.started_at, counted.finished_at) / 1000.0, 3) as duration_seconds,
    counted.requests,
    counted.pages,
    counted.received,
    counted.stored,
    counted.duplicates,
    counted.rejects,
    counted.withheld,
    counted.unaccounted,
    counted.unaccounted = 0 as is_balanced,
    counted.revisions,
    counted.drift,
    counted.files,
    counted.bytes as size_bytes,
    counted.version,
    counted.entry_sha256
from counted
order by counted.load, counted.source, counted.stream
