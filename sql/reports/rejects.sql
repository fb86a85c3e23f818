-- title: Rejects
-- question: Which records could not be read, and why?
-- grain: one row per record
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: rejects
-- severity: medium
-- notes: The bytes stay in the lake; what a retry has read since is no finding any more.

select
    r.first_seen_at as occurred_at,
    r.source,
    r.stream,
    r.reason,
    r.resolved_load is null as is_finding,
    r.page,
    r.raw_bytes as size_bytes,
    r.load,
    r.resolved_load,
    lower(hex(r.stable_hash)) as record_key
from rejects as r
where
    r.first_seen_at >= coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    and r.first_seen_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    and (cast(source as varchar) is null or r.source = cast(source as varchar))
order by r.first_seen_at, r.source, r.stream, record_key
