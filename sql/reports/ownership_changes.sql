-- title: Ownership changes
-- question: Who gained or lost ownership, and what has no owner now?
-- grain: one row per owner gained or lost, and one per resource that had no owner at the end of the period
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: version_histories, activity_logs, resources, performers
-- notes: Read from versions, with their times. without_owner bears the time of the newest version that says so.

with shown as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        version.created_at as occurred_at,
        json_extract(version.previous, '$.owners') is not null
        or json_extract(version.current, '$.owners') is not null as is_owners_told,
        try_cast(json_extract(version.previous, '$.owners') as varchar[]) as old_owners,
        try_cast(json_extract(version.current, '$.owners') as varchar[]) as new_owners,
        version.snapshot_owners,
        lag(
            coalesce(
                version.snapshot_owners, try_cast(json_extract(version.current, '$.owners') as varchar[])
            ) ignore nulls
        ) over earlier as last_owners,
        json_extract(version.previous, '$.owners_groups') is not null
        or json_extract(version.current, '$.owners_groups') is not null as is_owners_groups_told,
        try_cast(json_extract(version.previous, '$.owners_groups') as varchar[]) as old_owners_groups,
        try_cast(json_extract(version.current, '$.owners_groups') as varchar[]) as new_owners_groups,
        version.snapshot_owners_groups,
        lag(
            coalesce(
                version.snapshot_owners_groups, try_cast(json_extract(version.current, '$.owners_groups') as varchar[])
            ) ignore nulls
        ) over earlier as last_owners_groups
    from version_histories as version
    where
        version.created_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and version.created_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or version.source = cast(source as varchar))
    window earlier as (partition by version.source, version.resource_id order by version.created_at, version.id)
),

-- what was known of a resource when the period began
known as (
    select
        version.source,
        version.resource_id,
        arg_max(
            coalesce(
                version.snapshot_owners, try_cast(json_extract(version.current, '$.owners') as varchar[])
            ),
            version.created_at
        ) as owners,
        arg_max(
            coalesce(
                version.snapshot_owners_groups, try_cast(json_extract(version.current, '$.owners_groups') as varchar[])
            ),
            version.created_at
        ) as owners_groups
    from version_histories as version
    where version.created_at < coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    group by version.source, version.resource_id
),

traced as (
    select
        shown.*,
        known.owners as known_owners,
        known.owners_groups as known_owners_groups
    from shown
    left join known
        on
            shown.source = known.source
            and shown.resource_id = known.resource_id
),

-- as the version tells it, else as its snapshot differs from the last one
listed as (
    select
        traced.occurred_at,
        traced.source,
        traced.version_history_id,
        traced.resource_id,
        traced.entity_type,
        'user' as owner_kind,
        case
            when traced.is_owners_told then coalesce(traced.old_owners, [])
            else coalesce(traced.last_owners, traced.known_owners, traced.snapshot_owners, [])
        end as old_list,
        case
            when traced.is_owners_told then coalesce(traced.new_owners, [])
            else coalesce(traced.snapshot_owners, traced.last_owners, traced.known_owners, [])
        end as new_list
    from traced
    union all
    select
        traced.occurred_at,
        traced.source,
        traced.version_history_id,
        traced.resource_id,
        traced.entity_type,
        'group' as owner_kind,
        case
            when traced.is_owners_groups_told then coalesce(traced.old_owners_groups, [])
            else coalesce(traced.last_owners_groups, traced.known_owners_groups, traced.snapshot_owners_groups, [])
        end as old_list,
        case
            when traced.is_owners_groups_told then coalesce(traced.new_owners_groups, [])
            else coalesce(traced.snapshot_owners_groups, traced.last_owners_groups, traced.known_owners_groups, [])
        end as new_list
    from traced
),

moved as (
    select
        listed.* exclude (old_list, new_list),
        'gained' as change,
        unnest([item for item in listed.new_list if not list_contains(listed.old_list, item)]) as owner_id
    from listed
    union all
    select
        listed.* exclude (old_list, new_list),
        'lost' as change,
        unnest([item for item in listed.old_list if not list_contains(listed.new_list, item)]) as owner_id
    from listed
),

-- a version of several people is nobody's
made as (
    select
        moved.occurred_at,
        moved.source,
        moved.version_history_id,
        moved.resource_id,
        moved.entity_type,
        moved.owner_kind,
        moved.change,
        moved.owner_id,
        case
            when
                count(activity.id) = count(activity.performer_id)
                and min(activity.performer_id) = max(activity.performer_id)
                then min(activity.performer_id)
        end as actor_id
    from moved
    left join activity_logs as activity
        on
            moved.source = activity.source
            and moved.version_history_id = activity.version_history_id
    group by
        moved.occurred_at,
        moved.source,
        moved.version_history_id,
        moved.resource_id,
        moved.entity_type,
        moved.owner_kind,
        moved.change,
        moved.owner_id
),

-- how many owners the newest version that says so tells of
latest as (
    select
        version.source,
        version.resource_id,
        arg_max(version.secoda_entity_type, version.created_at) as entity_type,
        max(version.created_at) as occurred_at,
        arg_max(
            len(coalesce(
                version.snapshot_owners, try_cast(json_extract(version.current, '$.owners') as varchar[])
            )),
            version.created_at
        ) as owners,
        arg_max(
            len(coalesce(
                version.snapshot_owners_groups,
                try_cast(json_extract(version.current, '$.owners_groups') as varchar[])
            )),
            version.created_at
        ) as owners_groups
    from version_histories as version
    where
        version.created_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or version.source = cast(source as varchar))
    group by version.source, version.resource_id
),

found as (
    select
        made.occurred_at,
        made.source,
        made.change,
        made.resource_id,
        made.entity_type,
        made.owner_id,
        made.owner_kind,
        made.actor_id,
        made.version_history_id
    from made
    union all
    select
        latest.occurred_at,
        latest.source,
        'without_owner' as change,
        latest.resource_id,
        latest.entity_type,
        cast(null as varchar) as owner_id,
        cast(null as varchar) as owner_kind,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as version_history_id
    from latest
    where
        latest.owners = 0
        and coalesce(latest.owners_groups, 0) = 0
)

select
    found.occurred_at,
    found.source,
    found.change,
    found.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
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
    coalesce(
        nullif(performer.name, ''),
        nullif(performer.display_name, ''),
        nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), '')
    ) as actor_name,
    found.version_history_id
from found
left join resources as resource
    on
        found.source = resource.source
        and found.resource_id = resource.resource_id
        and resource.is_current
left join performers as performer
    on
        found.source = performer.source
        and found.actor_id = performer.performer_id
        and performer.is_current
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
    found.owner_id
