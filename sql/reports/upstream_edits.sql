-- title: Upstream edits
-- question: Which records changed after they were logged, and which vanished at the vendor within its retention?
-- grain: one row per field that a later revision of a record changed, and one per record that vanished
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: upstream_edits
-- severity: high
-- notes: The period is that of the discovery. A revision that only gained or lost values is a new shape, no finding.

select
    u.observed_at,
    u.source,
    u.stream,
    u.edit as change,
    not u.is_drift as is_finding,
    u.table_name,
    u.id as record_id,
    u.field,
    u.old_value,
    u.new_value,
    u.occurred_at,
    u.load,
    u.table_name || ':' || u.id || coalesce(':' || u.revision, '') as edit_key
from upstream_edits as u
where
    u.observed_at >= coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    and u.observed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    and (cast(source as varchar) is null or u.source = cast(source as varchar))
order by u.observed_at, u.source, u.stream, u.id, u.revision, u.field
