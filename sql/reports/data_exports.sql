-- title: Data exports
-- question: What was exported or shared outside?
-- grain: one row per export or sharing
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, activity_logs
-- severity: medium
-- notes: How many records, and as what, is told where the service says it.

with exports as (
    select e.*
    from events as e
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and (
            e.action in ('export', 'share')
            -- tickets are shared with another account from then on
            or (e.action = 'create' and upper(e.target_type) = 'SHARING_AGREEMENT')
        )
)

select
    exports.occurred_at,
    exports.source,
    exports.action,
    exports.actor_id,
    exports.actor_name,
    exports.actor_email,
    exports.actor_type,
    exports.target_type,
    exports.target_id,
    exports.target_name,
    coalesce(
        try_cast(json_extract_string(log.metadata, '$.rows') as bigint),
        try_cast(nullif(regexp_extract(exports.summary, '^[Ee]xported ([0-9]+) ', 1), '') as bigint)
    ) as records,
    coalesce(
        json_extract_string(log.metadata, '$.format'),
        nullif(regexp_extract(exports.summary, ' (as|to) (CSV|JSON|XML|XLSX|PDF|Excel)$', 2), '')
    ) as format,
    exports.ip_address,
    exports.summary,
    exports.event_id
from exports
left join activity_logs as log
    on
        exports.source = log.source
        and exports.stream = log.stream
        and exports.event_id = log.id
        and exports.occurred_at = log.logged_at
order by exports.occurred_at, exports.source, exports.stream, exports.event_id
