-- name: events
-- doc: Every activity of every source in one shape: who did what to which thing, when and from where.
-- column source: The configured account the event came from.
-- column stream: The endpoint of the source the event came from.
-- column event_id: The service's identifier of the event; unique within source and stream.
-- column parent_event_id: The event this one is a part of: a bulk action or an automation.
-- column version_history_id: The version of the target that the event made.
-- column load: The load that stored it: the sequence of its ledger record.
-- column occurred_at: When it happened (UTC).
-- column occurred_at_local: The same by the clocks of the configured time zone.
-- column actor_id: Who did it, by the service's identifier.
-- column actor_name: The actor's name: of the event, else the one observed last, else the one its text begins with.
-- column actor_email: The actor's e-mail: of the event, else the last one that was observed.
-- column actor_type: What kind of actor, in the service's words: USER, API …; of the event, else as observed.
-- column action: What was done, in one word, by the rules of action_rules; unknown where none matches.
-- column target_type: What kind of thing it was done to, in the service's words.
-- column target_id: What it was done to, by the service's identifier.
-- column target_name: The target's name: of the event, else the one observed last, else the only one in its text.
-- column ip_address: Where it came from, if the event says so.
-- column summary: The event in the service's own words.
-- column ocsf_class_uid: Event class of OCSF 1.8, by the table ocsf; 0 where the action is unknown.
-- column ocsf_category_uid: Category of that class.
-- column ocsf_activity_id: Activity of that class; 0 is unknown, 99 is one the class has no number for.

-- What is costly to work out of a row comes after the join with its wording, so that who asks for one action pays for
-- no other; wordings are as in worded_events.
with telling as (
    select wordings.activity_type
    from wordings
    where
        wordings.is_by_type
        and wordings.service = 'secoda'
    group by wordings.activity_type
),

-- Types are compared by `=`, so that who asks for one action reads the other columns of its rows alone: a comparison
-- that takes null for null is no filter of what is read. The few events without a type are looked at apart.
worded_activities as (
    select
        activity.*,
        wordings.action as worded_action,
        wordings.ocsf_class_uid as worded_class_uid,
        wordings.ocsf_category_uid as worded_category_uid,
        wordings.ocsf_activity_id as worded_activity_id
    from activity_logs as activity
    left join telling on activity.activity_type = telling.activity_type
    left join wordings
        on
            activity.source = wordings.source
            and activity.activity_type = wordings.activity_type
            and activity.resource_type is not distinct from wordings.resource_type
            and case
                when telling.activity_type is null
                    then left(
                        array_to_string(
                            [block.value for block in activity.event_blocks if block.style is distinct from 'bold'], ' '
                        ),
                        60
                    )
            end is not distinct from wordings.wording
    where activity.activity_type is not null
    union all
    select
        activity.*,
        wordings.action as worded_action,
        wordings.ocsf_class_uid as worded_class_uid,
        wordings.ocsf_category_uid as worded_category_uid,
        wordings.ocsf_activity_id as worded_activity_id
    from activity_logs as activity
    left join wordings
        on
            activity.source = wordings.source
            and wordings.activity_type is null
            and activity.resource_type is not distinct from wordings.resource_type
            and left(
                array_to_string(
                    [block.value for block in activity.event_blocks if block.style is distinct from 'bold'], ' '
                ),
                60
            ) is not distinct from wordings.wording
    where activity.activity_type is null
),

of_activities as (
    select
        activity.source,
        activity.stream,
        activity.id,
        activity.parent_id,
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
        activity.resource_type,
        activity.resource_id,
        coalesce(nullif(activity.resource_name, ''), nullif(activity.resource_title, '')) as resource_name,
        false as is_id_per_type,
        -- a target may be a person, who has a name as a performer
        activity.resource_id as person_id,
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
        end as resource_in_text,
        coalesce(
            json_extract_string(activity.metadata, '$.ip_address'),
            json_extract_string(activity.metadata, '$.ip')
        ) as ip_address,
        activity.event_text as summary,
        coalesce(activity.worded_action, 'unknown') as action,
        coalesce(activity.worded_class_uid, 0) as ocsf_class_uid,
        coalesce(activity.worded_category_uid, 0) as ocsf_category_uid,
        coalesce(activity.worded_activity_id, 0) as ocsf_activity_id
    from worded_activities as activity
),

of_zendesk as (
    select
        record.source,
        record.stream,
        cast(record.id as varchar) as id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as version_history_id,
        record.load,
        record.created_at as occurred_at,
        cast(record.actor_id as varchar) as actor_id,
        nullif(record.actor_name, '') as actor_name,
        cast(null as varchar) as actor_in_text,
        cast(null as varchar) as actor_email,
        case when record.actor_id = -1 then 'SYSTEM' when record.actor_id is not null then 'USER' end as actor_type,
        record.action as activity_type,
        record.source_type as resource_type,
        cast(record.source_id as varchar) as resource_id,
        nullif(record.source_label, '') as resource_name,
        true as is_id_per_type,
        case when record.source_type = 'user' then cast(record.source_id as varchar) end as person_id,
        cast(null as varchar) as resource_in_text,
        record.ip_address,
        coalesce(nullif(record.change_description, ''), record.action_label) as summary,
        coalesce(wordings.action, 'unknown') as action,
        coalesce(wordings.ocsf_class_uid, 0) as ocsf_class_uid,
        coalesce(wordings.ocsf_category_uid, 0) as ocsf_category_uid,
        coalesce(wordings.ocsf_activity_id, 0) as ocsf_activity_id
    from zendesk_audit_logs as record
    left join wordings
        on
            record.source = wordings.source
            and record.action is not distinct from wordings.activity_type
            and record.source_type is not distinct from wordings.resource_type
            and regexp_extract(
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
            ) is not distinct from wordings.wording
),

-- of a time that the audit logs do not cover, so that an act is not counted twice
of_notifications as (
    select
        notification.source,
        notification.stream,
        notification.id,
        cast(null as varchar) as parent_id,
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
        notification.resource_type,
        notification.resource_id,
        nullif(notification.resource_title, '') as resource_name,
        false as is_id_per_type,
        notification.resource_id as person_id,
        cast(null as varchar) as resource_in_text,
        coalesce(
            json_extract_string(notification.metadata, '$.ip_address'),
            json_extract_string(notification.metadata, '$.ip')
        ) as ip_address,
        coalesce(
            nullif(notification.short_summary, ''),
            nullif(notification.content, ''),
            notification.subject
        ) as summary,
        coalesce(wordings.action, 'unknown') as action,
        coalesce(wordings.ocsf_class_uid, 0) as ocsf_class_uid,
        coalesce(wordings.ocsf_category_uid, 0) as ocsf_category_uid,
        coalesce(wordings.ocsf_activity_id, 0) as ocsf_activity_id
    from notifications as notification
    left join telling on notification.event = telling.activity_type
    left join wordings
        on
            notification.source = wordings.source
            and notification.event is not distinct from wordings.activity_type
            and notification.resource_type is not distinct from wordings.resource_type
            and case
                when telling.activity_type is null
                    then left(coalesce(nullif(notification.short_summary, ''), notification.content), 60)
            end is not distinct from wordings.wording
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
),

classed as (
    select of_activities.*
    from of_activities
    union all
    select of_zendesk.*
    from of_zendesk
    union all
    select of_notifications.*
    from of_notifications
),

-- one row per performer: names as observed last, and the last e-mail and type there were, for not every record has them
known_performers as (
    select
        performer.source,
        performer.performer_id,
        max(nullif(performer.name, '')) filter (where performer.is_current) as name,
        max(nullif(performer.display_name, '')) filter (where performer.is_current) as display_name,
        max(nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), ''))
            filter (where performer.is_current) as full_name,
        (
            max({
                'is_current': coalesce(performer.is_current, false),
                'at': performer.last_observed_at,
                'value': performer.email
            })
                filter (where performer.email <> '')
        ).value as email,
        (
            max({
                'is_current': coalesce(performer.is_current, false),
                'at': performer.last_observed_at,
                'value': performer.performer_type
            })
                filter (where performer.performer_type <> '')
        ).value as performer_type
    from performers as performer
    group by performer.source, performer.performer_id
),

-- one row per month and offset, so that a time finds its offset by its month
local_months as (
    select
        zone.from_at,
        zone.to_at,
        zone.offset_seconds,
        unnest(generate_series(
            date_trunc('month', greatest(zone.from_at, timestamp '1999-12-01')),
            least(zone.to_at, timestamp '2101-01-01'),
            interval 1 month
        )) as starts_at
    from time_zone_offsets as zone
)

select
    classed.source,
    classed.stream,
    classed.id as event_id,
    classed.parent_id as parent_event_id,
    classed.version_history_id,
    classed.load,
    classed.occurred_at,
    classed.occurred_at + to_seconds(local_months.offset_seconds) as occurred_at_local,
    classed.actor_id,
    coalesce(
        classed.actor_name,
        performer.name,
        performer.display_name,
        performer.full_name,
        classed.actor_in_text
    ) as actor_name,
    coalesce(classed.actor_email, performer.email) as actor_email,
    coalesce(
        classed.actor_type,
        performer.performer_type,
        -- a notification does not say, and only people have an address there
        case when coalesce(classed.actor_email, performer.email) is not null then 'USER' end
    ) as actor_type,
    classed.action,
    classed.resource_type as target_type,
    classed.resource_id as target_id,
    coalesce(
        classed.resource_name,
        -- things of two kinds may have one number
        case
            when not classed.is_id_per_type or classed.resource_type = resource.resource_type
                then coalesce(nullif(resource.name, ''), nullif(resource.title, ''))
        end,
        person.name,
        person.display_name,
        person.full_name,
        classed.resource_in_text
    ) as target_name,
    classed.ip_address,
    classed.summary,
    classed.ocsf_class_uid,
    classed.ocsf_category_uid,
    classed.ocsf_activity_id
from classed
left join local_months
    on
        date_trunc('month', classed.occurred_at) = local_months.starts_at
        and classed.occurred_at >= local_months.from_at
        and classed.occurred_at < local_months.to_at
-- what was observed is looked up only for events that do not say it themselves
left join known_performers as performer
    on
        classed.source = performer.source
        and case
            when classed.actor_name is null or classed.actor_email is null or classed.actor_type is null
                then classed.actor_id
        end = performer.performer_id
left join resources as resource
    on
        classed.source = resource.source
        and case when classed.resource_name is null then classed.resource_id end = resource.resource_id
        and resource.is_current
left join known_performers as person
    on
        classed.source = person.source
        and case when classed.resource_name is null then classed.person_id end = person.performer_id
