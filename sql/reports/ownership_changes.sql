-- title: Ownership changes
-- question: Who gained or lost ownership, and what has no owner now?
-- grain: one row per owner gained or lost, and one per resource that had no owner at the end of the period
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes_between, known_properties, resources, performers
-- notes: Read from versions, with their times. without_owner bears the time of the newest version that says so.

with changed as (
    select change.*
    from property_changes_between(since, until, source, true) as change
    where change.property in ('owners', 'owners_groups')
),

moved as (
    select
        changed.*,
        'gained' as change,
        unnest(changed.added) as owner_id
    from changed
    union all
    select
        changed.*,
        'lost' as change,
        unnest(changed.removed) as owner_id
    from changed
),

-- Whether the version that told of owners last told of any; of two at one time the one that did. Time and answer make
-- one number, whose greatest is found sooner than that of each.
latest as (
    select
        known.source,
        known.resource_id,
        max(known.changed_at) as occurred_at,
        max(epoch_us(known.changed_at) * 2 + cast(len(known.owners) > 0 as bigint)) % 2 != 0 as is_owned,
        max(epoch_us(known.changed_at) * 2 + cast(len(known.owners_groups) > 0 as bigint)) % 2 != 0 as is_held
    from known_properties as known
    where
        known.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or known.source = cast(source as varchar))
    group by known.source, known.resource_id
),

ownerless as (
    select
        latest.source,
        latest.resource_id,
        latest.occurred_at,
        -- not every version says it
        arg_max(known.entity_type, (known.changed_at, known.entity_type)) as entity_type
    from latest
    inner join known_properties as known
        on
            latest.source = known.source
            and latest.resource_id = known.resource_id
            and latest.occurred_at >= known.changed_at
    where
        not latest.is_owned
        and not coalesce(latest.is_held, false)
    group by latest.source, latest.resource_id, latest.occurred_at
),

found as (
    select
        moved.changed_at as occurred_at,
        moved.source,
        moved.change,
        moved.resource_id,
        moved.resource_name,
        moved.entity_type,
        moved.owner_id,
        case when moved.property = 'owners' then 'user' else 'group' end as owner_kind,
        moved.actor_id,
        moved.actor_name,
        moved.version_history_id
    from moved
    union all
    select
        ownerless.occurred_at,
        ownerless.source,
        'without_owner' as change,
        ownerless.resource_id,
        coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
        ownerless.entity_type,
        cast(null as varchar) as owner_id,
        cast(null as varchar) as owner_kind,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as actor_name,
        cast(null as varchar) as version_history_id
    from ownerless
    left join resources as resource
        on
            ownerless.source = resource.source
            and ownerless.resource_id = resource.resource_id
            and resource.is_current
)

select
    found.occurred_at,
    found.source,
    found.change,
    found.resource_id,
    found.resource_name,
    found.entity_type,
    found.owner_id,
    coalesce(
        nullif(owner.name, ''),
        nullif(owner.display_name, ''),
        nullif(owner_group.name, ''),
        nullif(owner_group.title, '')
    ) as owner_name,
    found.owner_kind,
    found.actor_id,
    found.actor_name,
    found.version_history_id
from found
left join performers as owner
    on
        found.source = owner.source
        and found.owner_id = owner.performer_id
        and owner.is_current
left join resources as owner_group
    on
        found.source = owner_group.source
        and found.owner_id = owner_group.resource_id
        and owner_group.is_current
order by
    found.change = 'without_owner',
    found.occurred_at,
    found.source,
    found.resource_id,
    found.change,
    found.owner_id,
    found.version_history_id
