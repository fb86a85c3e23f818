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

-- one row per day and offset, so that a time finds its offset by its day
with local_days as (
    select
        zone.from_at,
        zone.to_at,
        zone.offset_seconds,
        unnest(generate_series(
            date_trunc('day', greatest(zone.from_at, timestamp '1999-12-01')),
            least(zone.to_at, timestamp '2101-01-01'),
            interval 1 day
        )) as starts_at
    from time_zone_offsets as zone
)

select
    classed.source,
    classed.stream,
    classed.event_id,
    classed.parent_event_id,
    classed.version_history_id,
    classed.load,
    classed.occurred_at,
    classed.occurred_at + to_seconds(local_days.offset_seconds) as occurred_at_local,
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
    classed.target_type,
    classed.target_id,
    coalesce(
        classed.target_name,
        -- things of two kinds may have one number
        case
            when not classed.is_id_per_type or classed.target_type = resource.resource_type
                then coalesce(nullif(resource.name, ''), nullif(resource.title, ''))
        end,
        person.name,
        person.display_name,
        person.full_name,
        classed.target_in_text
    ) as target_name,
    classed.ip_address,
    classed.summary,
    classed.ocsf_class_uid,
    classed.ocsf_category_uid,
    classed.ocsf_activity_id
from classified_events as classed
left join local_days
    on
        date_trunc('day', classed.occurred_at) = local_days.starts_at
        and classed.occurred_at >= local_days.from_at
        and classed.occurred_at < local_days.to_at
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
        and case when classed.target_name is null then classed.target_id end = resource.resource_id
        and resource.is_current
left join known_performers as person
    on
        classed.source = person.source
        and case when classed.target_name is null then classed.person_id end = person.performer_id
