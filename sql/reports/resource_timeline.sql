-- title: Resource timeline
-- question: What happened to one resource, in order, and what changed?
-- grain: one row per event done to it or that touched it, and one per field that a version of it changed
-- params: since timestamp = null, until timestamp = null, source text = null, resource text = null
-- reads: events, recorded_events, related_resources, resources, version_histories
-- notes: resource is an identifier or a name; without it, the one of most events in the period: see chosen_as.

with p as (
    select cast(resource as varchar) as resource
),

counted as (
    select
        e.source,
        e.target_id,
        count(*) as events
    from recorded_events as e
    cross join p
    where
        p.resource is null
        and e.target_id is not null
        and e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    group by e.source, e.target_id
    order by events desc, e.source, e.target_id
    limit 1
),

-- a name may mean several, and an identifier needs no name
chosen as (
    select
        counted.source,
        counted.target_id as resource_id,
        'most active' as chosen_as
    from counted
    union all
    select distinct
        r.source,
        r.resource_id,
        'named' as chosen_as
    from resources as r
    cross join p
    where
        p.resource in (r.name, r.title)
        -- an identifier is looked for anyhow
        and r.resource_id != p.resource
    union all
    select
        cast(null as varchar) as source,
        p.resource as resource_id,
        'named' as chosen_as
    from p
),

versions as (
    select
        chosen.chosen_as,
        version.source,
        version.resource_id,
        version.id as version_history_id,
        version.created_at as occurred_at,
        version.previous,
        version.current,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(version.previous), []),
            coalesce(json_keys(version.current), [])
        ))) as field
    from version_histories as version
    inner join chosen
        on
            version.source = coalesce(chosen.source, version.source)
            and version.resource_id = chosen.resource_id
    where
        version.created_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and version.created_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or version.source = cast(source as varchar))
),

valued as (
    select
        versions.*,
        json_extract_string(
            versions.previous, '/' || replace(replace(versions.field, '~', '~0'), '/', '~1')
        ) as old_value,
        json_extract_string(
            versions.current, '/' || replace(replace(versions.field, '~', '~0'), '/', '~1')
        ) as new_value
    from versions
),

happened as (
    select
        e.occurred_at,
        e.source,
        chosen.resource_id,
        'event' as what,
        e.action,
        e.actor_id,
        e.actor_name,
        e.summary,
        cast(null as varchar) as field,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value,
        e.ip_address,
        e.event_id,
        e.version_history_id,
        chosen.chosen_as
    from events as e
    inner join chosen
        on
            e.source = coalesce(chosen.source, e.source)
            and e.target_id = chosen.resource_id
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    union all
    select
        e.occurred_at,
        e.source,
        chosen.resource_id,
        'touched' as what,
        e.action,
        e.actor_id,
        e.actor_name,
        e.summary,
        cast(null as varchar) as field,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value,
        e.ip_address,
        e.event_id,
        e.version_history_id,
        chosen.chosen_as
    from related_resources as related
    inner join chosen
        on
            related.source = coalesce(chosen.source, related.source)
            and related.related_resource_id = chosen.resource_id
    inner join events as e
        on
            related.source = e.source
            and related.stream = e.stream
            and related.event_id = e.event_id
            and related.occurred_at = e.occurred_at
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    union all
    select
        valued.occurred_at,
        valued.source,
        valued.resource_id,
        'version' as what,
        cast(null as varchar) as action,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as actor_name,
        cast(null as varchar) as summary,
        valued.field,
        valued.old_value,
        valued.new_value,
        cast(null as varchar) as ip_address,
        cast(null as varchar) as event_id,
        valued.version_history_id,
        valued.chosen_as
    from valued
    where valued.old_value is distinct from valued.new_value
)

select
    happened.occurred_at,
    happened.source,
    happened.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    happened.what,
    happened.action,
    happened.actor_id,
    happened.actor_name,
    happened.summary,
    happened.field,
    happened.old_value,
    happened.new_value,
    happened.ip_address,
    happened.event_id,
    happened.version_history_id,
    happened.chosen_as
from happened
left join resources as resource
    on
        happened.source = resource.source
        and happened.resource_id = resource.resource_id
        and resource.is_current
order by
    happened.occurred_at,
    happened.source,
    happened.resource_id,
    happened.what,
    happened.event_id,
    happened.version_history_id,
    happened.field
