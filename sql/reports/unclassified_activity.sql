-- title: Unclassified activity
-- question: Which activity do the rules not know?
-- grain: one row per source, stream, kind of activity and kind of target
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, activity_logs, zendesk_audit_logs, notifications
-- notes: A line for it among the action rules would give it an action; until then it stands under unknown.

with unknown as (
    select
        e.source,
        e.stream,
        e.event_id,
        e.occurred_at,
        e.actor_id,
        e.target_type,
        e.summary
    from events as e
    where
        e.action = 'unknown'
        and e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
),

typed as (
    select
        unknown.*,
        coalesce(log.activity_type, entry.action, notice.event) as activity_type
    from unknown
    left join activity_logs as log
        on
            unknown.source = log.source
            and unknown.stream = log.stream
            and unknown.event_id = log.id
    left join zendesk_audit_logs as entry
        on
            unknown.source = entry.source
            and unknown.event_id = cast(entry.id as varchar)
    left join notifications as notice
        on
            unknown.source = notice.source
            and unknown.stream = notice.stream
            and unknown.event_id = notice.id
)

select
    typed.source,
    typed.stream,
    typed.activity_type,
    typed.target_type,
    count(*) as events,
    count(distinct typed.actor_id) as actors,
    min(typed.occurred_at) as first_at,
    max(typed.occurred_at) as last_at,
    arg_max(typed.summary, (typed.occurred_at, typed.event_id)) as last_summary,
    arg_max(typed.event_id, (typed.occurred_at, typed.event_id)) as last_event_id
from typed
group by typed.source, typed.stream, typed.activity_type, typed.target_type
order by events desc, typed.source, typed.stream, typed.activity_type, typed.target_type
