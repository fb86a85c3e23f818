-- title: Classification changes
-- question: Which resources were verified, published or archived, or the reverse?
-- grain: one row per version and property that it turned on or off
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: version_histories, activity_logs, resources, performers
-- notes: Read from versions; the time is that of the version.

with shown as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        version.created_at as occurred_at,
        json_extract(version.previous, '$.verified') is not null
        or json_extract(version.current, '$.verified') is not null as is_verified_told,
        coalesce(json_extract_string(version.previous, '$.verified') = 'true', false) as was_verified,
        coalesce(json_extract_string(version.current, '$.verified') = 'true', false) as is_verified,
        version.snapshot_verified,
        lag(
            coalesce(
                version.snapshot_verified, json_extract_string(version.current, '$.verified') = 'true'
            ) ignore nulls
        ) over earlier as last_verified,
        json_extract(version.previous, '$.published') is not null
        or json_extract(version.current, '$.published') is not null as is_published_told,
        coalesce(json_extract_string(version.previous, '$.published') = 'true', false) as was_published,
        coalesce(json_extract_string(version.current, '$.published') = 'true', false) as is_published,
        version.snapshot_published,
        lag(
            coalesce(
                version.snapshot_published, json_extract_string(version.current, '$.published') = 'true'
            ) ignore nulls
        ) over earlier as last_published,
        json_extract(version.previous, '$.archived') is not null
        or json_extract(version.current, '$.archived') is not null as is_archived_told,
        coalesce(json_extract_string(version.previous, '$.archived') = 'true', false) as was_archived,
        coalesce(json_extract_string(version.current, '$.archived') = 'true', false) as is_archived,
        version.snapshot_archived,
        lag(
            coalesce(
                version.snapshot_archived, json_extract_string(version.current, '$.archived') = 'true'
            ) ignore nulls
        ) over earlier as last_archived
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
            coalesce(version.snapshot_verified, json_extract_string(version.current, '$.verified') = 'true'),
            version.created_at
        ) as verified,
        arg_max(
            coalesce(version.snapshot_published, json_extract_string(version.current, '$.published') = 'true'),
            version.created_at
        ) as published,
        arg_max(
            coalesce(version.snapshot_archived, json_extract_string(version.current, '$.archived') = 'true'),
            version.created_at
        ) as archived
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
        known.verified as known_verified,
        known.published as known_published,
        known.archived as known_archived
    from shown
    left join known
        on
            shown.source = known.source
            and shown.resource_id = known.resource_id
),

-- as the version tells it, else as its snapshot differs from the last one
turned as (
    select
        traced.occurred_at,
        traced.source,
        traced.version_history_id,
        traced.resource_id,
        traced.entity_type,
        'verified' as property,
        case
            when traced.is_verified_told then traced.was_verified
            else coalesce(traced.last_verified, traced.known_verified, traced.snapshot_verified, false)
        end as was_so,
        case
            when traced.is_verified_told then traced.is_verified
            else coalesce(traced.snapshot_verified, traced.last_verified, traced.known_verified, false)
        end as is_so
    from traced
    union all
    select
        traced.occurred_at,
        traced.source,
        traced.version_history_id,
        traced.resource_id,
        traced.entity_type,
        'published' as property,
        case
            when traced.is_published_told then traced.was_published
            else coalesce(traced.last_published, traced.known_published, traced.snapshot_published, false)
        end as was_so,
        case
            when traced.is_published_told then traced.is_published
            else coalesce(traced.snapshot_published, traced.last_published, traced.known_published, false)
        end as is_so
    from traced
    union all
    select
        traced.occurred_at,
        traced.source,
        traced.version_history_id,
        traced.resource_id,
        traced.entity_type,
        'archived' as property,
        case
            when traced.is_archived_told then traced.was_archived
            else coalesce(traced.last_archived, traced.known_archived, traced.snapshot_archived, false)
        end as was_so,
        case
            when traced.is_archived_told then traced.is_archived
            else coalesce(traced.snapshot_archived, traced.last_archived, traced.known_archived, false)
        end as is_so
    from traced
),

changed as (
    select turned.*
    from turned
    where turned.was_so != turned.is_so
),

-- a version of several people is nobody's
made as (
    select
        changed.occurred_at,
        changed.source,
        changed.version_history_id,
        changed.resource_id,
        changed.entity_type,
        changed.property,
        changed.is_so,
        case
            when
                count(activity.id) = count(activity.performer_id)
                and min(activity.performer_id) = max(activity.performer_id)
                then min(activity.performer_id)
        end as actor_id
    from changed
    left join activity_logs as activity
        on
            changed.source = activity.source
            and changed.version_history_id = activity.version_history_id
    group by
        changed.occurred_at,
        changed.source,
        changed.version_history_id,
        changed.resource_id,
        changed.entity_type,
        changed.property,
        changed.is_so
)

select
    made.occurred_at,
    made.source,
    case
        when made.is_so then made.property
        when made.property = 'archived' then 'restored'
        else 'un' || made.property
    end as change,
    made.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    made.entity_type,
    made.actor_id,
    coalesce(
        nullif(performer.name, ''),
        nullif(performer.display_name, ''),
        nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), '')
    ) as actor_name,
    made.version_history_id
from made
left join resources as resource
    on
        made.source = resource.source
        and made.resource_id = resource.resource_id
        and resource.is_current
left join performers as performer
    on
        made.source = performer.source
        and made.actor_id = performer.performer_id
        and performer.is_current
order by made.occurred_at, made.source, made.version_history_id, made.property
