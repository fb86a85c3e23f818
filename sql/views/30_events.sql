-- name: events
-- doc: Every activity of every source in one shape: who did what to which thing, when and from where.
-- column source: The configured account the event came from.
-- column stream: The endpoint of the source the event came from.
-- column event_id: The service's identifier of the event; unique within source and stream.
-- column parent_event_id: The event this one is a part of: a bulk action or an automation.
-- column version_history_id: The version of the target that the event made.
-- column load: The load that stored it: the sequence of its ledger entry.
-- column occurred_at: When it happened (UTC).
-- column occurred_at_local: The same by the clocks of the configured time zone.
-- column actor_id: Who did it, by the service's identifier.
-- column actor_name: The actor's name: of the event, else the one observed last, else the one its text begins with.
-- column actor_email: The actor's e-mail: of the event, else the one observed last.
-- column actor_type: What kind of actor, in the service's words: USER, API, AUTOMATION, SYSTEM …
-- column action: What was done, in one word, by the rules of action_rules; unknown where none matches.
-- column target_type: What kind of thing it was done to, in the service's words.
-- column target_id: What it was done to, by the service's identifier.
-- column target_name: The target's name: of the event, else the one observed last, else the only one in its text.
-- column ip_address: Where it came from, if the event says so.
-- column summary: The event in the service's own words.
-- column ocsf_class_uid: Event class of OCSF 1.8, by the table ocsf; 0 where the action is unknown.
-- column ocsf_category_uid: Category of that class.
-- column ocsf_activity_id: Activity of that class; 0 is unknown, 99 is one the class has no number for.

-- A correlated subquery is worked out once for each different (activity_type, resource_type, wording) asked for;
-- its input is no step of its own, because DuckDB 2.0 would work out that step for all rows, whatever is asked for.
with classed as (
    select
        worded.*,
        coalesce((
            select arg_min(rule.action, rule.priority)
            from (
                select
                    ' ' || trim(regexp_replace(
                        lower(regexp_replace(worded.activity_type, '([a-z0-9])([A-Z])', '\1 \2', 'g')),
                        '[^a-z0-9]+', ' ', 'g'
                    )) || ' ' as activity_type,
                    trim(regexp_replace(lower(worded.wording), '[^a-z0-9]+', ' ', 'g')) || ' ' as event_text,
                    trim(regexp_replace(lower(worded.resource_type), '[^a-z0-9]+', ' ', 'g')) || ' ' as resource_type
            ) as said
            cross join action_rules as rule
            where
                rule.service = 'secoda'
                and case rule.field
                    when 'activity_type' then said.activity_type like ('% ' || rule.pattern || ' %')
                    when 'event_text' then said.event_text like (rule.pattern || ' %')
                    when 'resource_type' then said.resource_type like (rule.pattern || ' %')
                end
        ), 'unknown') as action
    from (
        select
            activity.source,
            activity.stream,
            activity.id,
            activity.parent_id,
            activity.version_history_id,
            activity.load,
            activity.logged_at,
            activity.performer_id,
            activity.performer_name,
            activity.performer_display_name,
            activity.performer_first_name,
            activity.performer_last_name,
            activity.performer_email,
            activity.performer_type,
            activity.activity_type,
            activity.resource_type,
            activity.resource_id,
            activity.resource_name,
            activity.resource_title,
            activity.related_resource_ids,
            activity.metadata,
            activity.event_text,
            activity.event_blocks,
            -- without the bold pieces, which are names and would make every text a different one
            left(
                array_to_string(
                    [block.value for block in activity.event_blocks if block.style is distinct from 'bold'], ' '
                ),
                60
            ) as wording
        from activity_logs as activity
    ) as worded
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
    classed.logged_at as occurred_at,
    classed.logged_at + to_seconds(local_months.offset_seconds) as occurred_at_local,
    classed.performer_id as actor_id,
    coalesce(
        nullif(classed.performer_name, ''),
        nullif(classed.performer_display_name, ''),
        nullif(trim(concat_ws(' ', classed.performer_first_name, classed.performer_last_name)), ''),
        nullif(performer.name, ''),
        nullif(performer.display_name, ''),
        nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), ''),
        case when classed.event_blocks[1].style = 'bold' then classed.event_blocks[1].value end
    ) as actor_name,
    coalesce(nullif(classed.performer_email, ''), nullif(performer.email, '')) as actor_email,
    classed.performer_type as actor_type,
    classed.action,
    classed.resource_type as target_type,
    classed.resource_id as target_id,
    coalesce(
        nullif(classed.resource_name, ''),
        nullif(classed.resource_title, ''),
        nullif(resource.name, ''),
        nullif(resource.title, ''),
        nullif(person.name, ''),
        nullif(person.display_name, ''),
        nullif(trim(concat_ws(' ', person.first_name, person.last_name)), ''),
        -- the only bold piece after some words names the target, where the event touched nothing else it could name
        case
            when
                len([block.value for block in classed.event_blocks if block.style = 'bold']) = 1
                and classed.event_blocks[1].style is distinct from 'bold'
                and coalesce(len(classed.related_resource_ids), 0) = 0
                then [block.value for block in classed.event_blocks if block.style = 'bold'][1]
        end
    ) as target_name,
    coalesce(
        json_extract_string(classed.metadata, '$.ip_address'),
        json_extract_string(classed.metadata, '$.ip')
    ) as ip_address,
    classed.event_text as summary,
    coalesce(exact.class_uid, general.class_uid, 0) as ocsf_class_uid,
    coalesce(exact.category_uid, general.category_uid, 0) as ocsf_category_uid,
    coalesce(exact.activity_id, general.activity_id, 0) as ocsf_activity_id
from classed
left join local_months
    on
        date_trunc('month', classed.logged_at) = local_months.starts_at
        and classed.logged_at >= local_months.from_at
        and classed.logged_at < local_months.to_at
left join performers as performer
    on
        classed.source = performer.source
        and classed.performer_id = performer.performer_id
        and performer.is_current
left join resources as resource
    on
        classed.source = resource.source
        and classed.resource_id = resource.resource_id
        and resource.is_current
-- a target may be a person, who has a name as a performer
left join performers as person
    on
        classed.source = person.source
        and classed.resource_id = person.performer_id
        and person.is_current
left join ocsf as exact
    on
        classed.action = exact.action
        and classed.resource_type = exact.target_type
left join ocsf as general
    on
        classed.action = general.action
        and general.target_type = '*'
