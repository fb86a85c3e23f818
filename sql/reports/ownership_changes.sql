-- title: Ownership changes
-- question: Who gained or lost ownership, and what has no owner now?
-- grain: one row per owner gained or lost, and one per resource that had no owner at the end of the period
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes, version_histories, resources, performers
-- notes: Read from versions, with their times. without_owner bears the time of the newest version that says so.

with changes as (
    select c.*
    from property_changes as c
    where
        c.property in ('owners', 'owners_groups')
        and c.changed_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and c.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or c.source = cast(source as varchar))
),

-- how many owners each version says there are; null where it does not say
counted as (
    select
        version.source,
        version.resource_id,
        version.id as version_history_id,
        version.secoda_entity_type as entity_type,
        version.created_at,
        len(coalesce(
            version.snapshot_owners, try_cast(json_extract(version.current, '$.owners') as varchar[])
        )) as owners,
        len(coalesce(
            version.snapshot_owners_groups, try_cast(json_extract(version.current, '$.owners_groups') as varchar[])
        )) as owners_groups
    from version_histories as version
    where
        version.created_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or version.source = cast(source as varchar))
),

latest as (
    select
        counted.source,
        counted.resource_id,
        arg_max(counted.owners, (counted.created_at, counted.version_history_id)) as owners,
        arg_max(counted.owners_groups, (counted.created_at, counted.version_history_id)) as owners_groups,
        arg_max(counted.entity_type, (counted.created_at, counted.version_history_id)) as entity_type,
        max(counted.created_at) as shown_at
    from counted
    group by counted.source, counted.resource_id
),

rows_of_all as (
    select
        changes.changed_at as occurred_at,
        changes.source,
        'gained' as change,
        changes.resource_id,
        changes.entity_type,
        unnest(changes.added) as owner_id,
        changes.property,
        changes.actor_id,
        changes.actor_name,
        changes.version_history_id
    from changes
    union all
    select
        changes.changed_at as occurred_at,
        changes.source,
        'lost' as change,
        changes.resource_id,
        changes.entity_type,
        unnest(changes.removed) as owner_id,
        changes.property,
        changes.actor_id,
        changes.actor_name,
        changes.version_history_id
    from changes
    union all
    select
        latest.shown_at as occurred_at,
        latest.source,
        'without_owner' as change,
        latest.resource_id,
        latest.entity_type,
        cast(null as varchar) as owner_id,
        cast(null as varchar) as property,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as actor_name,
        cast(null as varchar) as version_history_id
    from latest
    where
        latest.owners = 0
        and coalesce(latest.owners_groups, 0) = 0
)

select
    rows_of_all.occurred_at,
    rows_of_all.source,
    rows_of_all.change,
    rows_of_all.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    rows_of_all.entity_type,
    rows_of_all.owner_id,
    coalesce(
        nullif(performer.name, ''),
        nullif(performer.display_name, ''),
        nullif(owner.name, ''),
        nullif(owner.title, '')
    ) as owner_name,
    case rows_of_all.property when 'owners' then 'user' when 'owners_groups' then 'group' end as owner_kind,
    rows_of_all.actor_id,
    rows_of_all.actor_name,
    rows_of_all.version_history_id
from rows_of_all
left join resources as resource
    on
        rows_of_all.source = resource.source
        and rows_of_all.resource_id = resource.resource_id
        and resource.is_current
left join resources as owner
    on
        rows_of_all.source = owner.source
        and rows_of_all.owner_id = owner.resource_id
        and owner.is_current
left join performers as performer
    on
        rows_of_all.source = performer.source
        and rows_of_all.owner_id = performer.performer_id
        and performer.is_current
order by
    rows_of_all.change = 'without_owner',
    rows_of_all.occurred_at,
    rows_of_all.source,
    rows_of_all.resource_id,
    rows_of_all.change,
    rows_of_all.owner_id
