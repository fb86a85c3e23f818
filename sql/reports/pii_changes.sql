-- title: PII changes
-- question: Which resources became, or stopped being, PII?
-- grain: one row per version that set or removed the mark of a resource
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: version_histories, activity_logs, resources, performers
-- severity: medium
-- notes: Read from versions; the time is that of the version. A mark removed is a finding, a mark set is not.

with shown as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        version.created_at as occurred_at,
        json_extract(version.previous, '$.pii') is not null
        or json_extract(version.current, '$.pii') is not null as is_pii_told,
        coalesce(json_extract_string(version.previous, '$.pii') = 'true', false) as was_pii,
        coalesce(json_extract_string(version.current, '$.pii') = 'true', false) as is_pii,
        version.snapshot_pii,
        lag(
            coalesce(
                version.snapshot_pii, json_extract_string(version.current, '$.pii') = 'true'
            ) ignore nulls
        ) over earlier as last_pii
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
            coalesce(version.snapshot_pii, json_extract_string(version.current, '$.pii') = 'true'),
            version.created_at
        ) as pii
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
        known.pii as known_pii
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
        case
            when traced.is_pii_told then traced.was_pii
            else coalesce(traced.last_pii, traced.known_pii, traced.snapshot_pii, false)
        end as was_so,
        case
            when traced.is_pii_told then traced.is_pii
            else coalesce(traced.snapshot_pii, traced.last_pii, traced.known_pii, false)
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
        changed.is_so
)

select
    made.occurred_at,
    made.source,
    case when made.is_so then 'marked' else 'removed' end as change,
    not made.is_so as is_finding,
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
order by made.occurred_at, made.source, made.version_history_id
