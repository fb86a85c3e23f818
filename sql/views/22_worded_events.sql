-- name: worded_events
-- doc: How each event is worded, as far as it tells what was done; the table wordings is filled from it.
-- column load: The load that stored the event.
-- column source: The configured account the event came from.
-- column service: The kind of the source, by which action_rules are chosen.
-- column activity_type: What was done, in the service's words.
-- column resource_type: What kind of thing it was done to, in the service's words.
-- column wording: The beginning of the event's text, without names; null where its activity_type tells enough.

with telling as (
    select wordings.activity_type
    from wordings
    where
        wordings.is_by_type
        and wordings.service = 'secoda'
    group by wordings.activity_type
)

select
    activity.load,
    activity.source,
    'secoda' as service,
    activity.activity_type,
    activity.resource_type,
    case
        when telling.activity_type is null
            -- without the bold pieces, which are names and would make every text a different one
            then left(
                array_to_string(
                    [block.value for block in activity.event_blocks if block.style is distinct from 'bold'], ' '
                ),
                60
            )
    end as wording
from (
    select latest.load, latest.source, latest.activity_type, latest.resource_type, latest.event_blocks
    from activity_logs as latest
    union all
    select former.load, former.source, former.activity_type, former.resource_type, former.event_blocks
    from activity_logs_superseded as former
) as activity
left join telling on activity.activity_type = telling.activity_type
union all
select
    record.load,
    record.source,
    'zendesk' as service,
    record.action as activity_type,
    record.source_type as resource_type,
    -- only the first words that a rule knows, since names would make every text a different one
    regexp_extract(
        lower(left(record.change_description, 100)),
        '^[\W_]*('
        || '((un)?successful|failed)[\W_]+sign[\W_]+in[a-z0-9]*|failed[\W_]+login[a-z0-9]*'
        || '|sign[\W_]+in[\W_]+failed[a-z0-9]*|sign[\W_]+out[a-z0-9]*|signed[\W_]+(in|out)'
        || '|(custom[\W_]+)?role[\W_]+changed|role[\W_]+(change|downgraded)|(account[\W_]+)?owner[\W_]+changed'
        || '|suspended[\W_]+(changed[\W_]+from[\W_]+(true|yes)|no|false)'
        || '|((user[\W_]+)?(un)?|agent[\W_]+)suspended'
        || '|exported|downloaded|(un)?installed|redacted|permanently[\W_]+deleted|(re|de)?activated'
        || '|automatically[\W_]+finished[\W_]+([a-z0-9]+[\W_]+){1,3}deletion'
        || ')([\W_]|$)',
        1
    ) as wording
from (
    select latest.load, latest.source, latest.action, latest.source_type, latest.change_description
    from zendesk_audit_logs as latest
    union all
    select former.load, former.source, former.action, former.source_type, former.change_description
    from zendesk_audit_logs_superseded as former
) as record
union all
select
    notification.load,
    notification.source,
    'secoda' as service,
    notification.event as activity_type,
    notification.resource_type,
    case
        when telling.activity_type is null
            then left(coalesce(nullif(notification.short_summary, ''), notification.content), 60)
    end as wording
from (
    select
        latest.load,
        latest.source,
        latest.event,
        latest.resource_type,
        latest.short_summary,
        latest.content
    from notifications as latest
    union all
    select
        former.load,
        former.source,
        former.event,
        former.resource_type,
        former.short_summary,
        former.content
    from notifications_superseded as former
) as notification
left join telling on notification.event = telling.activity_type
