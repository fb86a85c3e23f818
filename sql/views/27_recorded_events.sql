-- name: recorded_events
-- doc: Every activity of every source in one shape, as its record says it; classified_events says what was done.
-- column source: The configured account the event came from.
-- column service: The kind of the source, by which action_rules are chosen.
-- column stream: The endpoint of the source the event came from.
-- column event_id: The service's identifier of the event; unique within source and stream.
-- column parent_event_id: The event this one is a part of: a bulk action or an automation.
-- column version_history_id: The version of the target that the event made.
-- column load: The load that stored it: the sequence of its ledger record.
-- column occurred_at: When it happened (UTC).
-- column actor_id: Who did it, by the service's identifier.
-- column actor_name: The actor's name, if the record says it.
-- column actor_in_text: The name that the event's text begins with, where the record says none.
-- column actor_email: The actor's e-mail, if the record says it.
-- column actor_type: What kind of actor, in the service's words, if the record says it.
-- column activity_type: What was done, in the service's words.
-- column target_type: What kind of thing it was done to, in the service's words.
-- column target_id: What it was done to, by the service's identifier.
-- column is_id_per_type: Whether things of two kinds may have one identifier.
-- column person_id: The target's identifier, where it may be a person.
-- column target_name: The target's name, if the record says it.
-- column target_in_text: The only name in the event's text that can be the target's, where the record says none.
-- column ip_address: Where it came from, if the record says so.
-- column summary: The event in the service's own words.
-- column event_blocks: The event's text in pieces, where the service gives it so.
-- column text: The event's text in one piece, where the service gives it so.

select
    activity.source,
    'secoda' as service,
    activity.stream,
    activity.id as event_id,
    activity.parent_id as parent_event_id,
    activity.version_history_id,
    activity.load,
    activity.logged_at as occurred_at,
    activity.performer_id as actor_id,
    coalesce(
        nullif(activity.performer_name, ''),
        nullif(activity.performer_display_name, ''),
        case
            when trim(activity.performer_first_name) <> '' or trim(activity.performer_last_name) <> ''
                then trim(concat_ws(' ', activity.performer_first_name, activity.performer_last_name))
        end
    ) as actor_name,
    case
        when nullif(activity.performer_name, '') is null
            then [block.value for block in list_slice(activity.event_blocks, 1, 1) if block.style = 'bold'][1]
    end as actor_in_text,
    nullif(activity.performer_email, '') as actor_email,
    activity.performer_type as actor_type,
    activity.activity_type,
    activity.resource_type as target_type,
    activity.resource_id as target_id,
    false as is_id_per_type,
    -- a target may be a person, who has a name as a performer
    activity.resource_id as person_id,
    coalesce(nullif(activity.resource_name, ''), nullif(activity.resource_title, '')) as target_name,
    -- the only bold piece after some words names the target, where the event touched nothing else it could name; an
    -- expression that stood here twice would be worked out for every event, needed or not
    case
        when
            nullif(activity.resource_name, '') is null
            and coalesce(activity.event_blocks[1].style, '') != 'bold'
            and coalesce(len(activity.related_resource_ids), 0) = 0
            and len([block.value for block in activity.event_blocks if block.style is distinct from 'bold'])
            = len(activity.event_blocks) - 1
            then [block.value for block in activity.event_blocks if block.style = 'bold'][1]
    end as target_in_text,
    case
        -- far quicker than to read what cannot hold one
        when contains(cast(activity.metadata as varchar), '"ip')
            then
                coalesce(
                    json_extract_string(activity.metadata, '$.ip_address'),
                    json_extract_string(activity.metadata, '$.ip')
                )
    end as ip_address,
    activity.event_text as summary,
    activity.event_blocks,
    cast(null as varchar) as text
from activity_logs as activity
union all
select
    record.source,
    'zendesk' as service,
    record.stream,
    cast(record.id as varchar) as event_id,
    cast(null as varchar) as parent_event_id,
    cast(null as varchar) as version_history_id,
    record.load,
    record.created_at as occurred_at,
    cast(record.actor_id as varchar) as actor_id,
    nullif(record.actor_name, '') as actor_name,
    cast(null as varchar) as actor_in_text,
    cast(null as varchar) as actor_email,
    case when record.actor_id = -1 then 'SYSTEM' when record.actor_id is not null then 'USER' end as actor_type,
    record.action as activity_type,
    record.source_type as target_type,
    cast(record.source_id as varchar) as target_id,
    true as is_id_per_type,
    case when record.source_type = 'user' then cast(record.source_id as varchar) end as person_id,
    nullif(record.source_label, '') as target_name,
    cast(null as varchar) as target_in_text,
    record.ip_address,
    coalesce(nullif(record.change_description, ''), record.action_label) as summary,
    null as event_blocks,
    record.change_description as text
from zendesk_audit_logs as record
union all
-- of a time that the audit logs do not cover, so that an act is not counted twice
select
    notification.source,
    'secoda' as service,
    notification.stream,
    notification.id as event_id,
    cast(null as varchar) as parent_event_id,
    cast(null as varchar) as version_history_id,
    notification.load,
    notification.created_at as occurred_at,
    coalesce(notification.sender_id, notification.performer_id) as actor_id,
    coalesce(
        nullif(notification.performer_name, ''),
        nullif(trim(concat_ws(' ', notification.sender_first_name, notification.sender_last_name)), '')
    ) as actor_name,
    cast(null as varchar) as actor_in_text,
    nullif(notification.sender_email, '') as actor_email,
    cast(null as varchar) as actor_type,
    notification.event as activity_type,
    notification.resource_type as target_type,
    notification.resource_id as target_id,
    false as is_id_per_type,
    notification.resource_id as person_id,
    nullif(notification.resource_title, '') as target_name,
    cast(null as varchar) as target_in_text,
    case
        -- far quicker than to read what cannot hold one
        when contains(cast(notification.metadata as varchar), '"ip')
            then
                coalesce(
                    json_extract_string(notification.metadata, '$.ip_address'),
                    json_extract_string(notification.metadata, '$.ip')
                )
    end as ip_address,
    coalesce(
        nullif(notification.short_summary, ''),
        nullif(notification.content, ''),
        notification.subject
    ) as summary,
    null as event_blocks,
    coalesce(nullif(notification.short_summary, ''), notification.content) as text
from notifications as notification
where
    not exists (
        select 1
        from coverage as covered
        where
            notification.source = covered.source
            and covered.stream = 'audit_logs'
            and covered.state in ('provisional', 'final', 'asserted')
            and notification.created_at >= covered.from_at
            and notification.created_at < covered.to_at
    )
