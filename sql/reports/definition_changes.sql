-- title: Definition changes
-- question: Which definitions changed, and what were they before and after?
-- grain: one row per version that changed the definition of a resource
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: version_histories, activity_logs, resources, performers
-- notes: Read from versions; the time is that of the version. What was nothing and became an empty text is no change.

with told as (
    select
        version.created_at as occurred_at,
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        coalesce(
            json_extract_string(version.previous, '$.definition'),
            json_extract_string(version.definition_diff, '$.old'),
            ''
        ) as old_text,
        coalesce(
            json_extract_string(version.current, '$.definition'),
            json_extract_string(version.definition_diff, '$.new'),
            ''
        ) as new_text
    from version_histories as version
    where
        version.created_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and version.created_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or version.source = cast(source as varchar))
),

changed as (
    select told.*
    from told
    where told.old_text != told.new_text
),

-- a version of several people is nobody's
made as (
    select
        changed.occurred_at,
        changed.source,
        changed.version_history_id,
        changed.resource_id,
        changed.entity_type,
        changed.old_text,
        changed.new_text,
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
        changed.old_text,
        changed.new_text
)

select
    made.occurred_at,
    made.source,
    case when made.old_text = '' then 'written' when made.new_text = '' then 'removed' else 'changed' end as change,
    made.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    made.entity_type,
    nullif(made.old_text, '') as old_definition,
    nullif(made.new_text, '') as new_definition,
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
