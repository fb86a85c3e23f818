-- title: Tag and property changes
-- question: Which tags and properties came and went?
-- grain: one row per version and tag or property that came, went or changed
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: version_histories, activity_logs, resources, performers
-- notes: Read from versions; the time is that of the version. A tag without a known name stands by its identifier.

with shown as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        version.created_at as occurred_at,
        version.previous,
        version.current,
        json_extract(version.previous, '$.tags') is not null
        or json_extract(version.current, '$.tags') is not null as is_tags_told,
        try_cast(json_extract(version.previous, '$.tags') as varchar[]) as old_tags,
        try_cast(json_extract(version.current, '$.tags') as varchar[]) as new_tags,
        version.snapshot_tags,
        lag(
            coalesce(
                version.snapshot_tags, try_cast(json_extract(version.current, '$.tags') as varchar[])
            ) ignore nulls
        ) over earlier as last_tags
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
                version.snapshot_tags, try_cast(json_extract(version.current, '$.tags') as varchar[])
            ),
            version.created_at
        ) as tags
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
        known.tags as known_tags
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
        case
            when traced.is_tags_told then coalesce(traced.old_tags, [])
            else coalesce(traced.last_tags, traced.known_tags, traced.snapshot_tags, [])
        end as old_list,
        case
            when traced.is_tags_told then coalesce(traced.new_tags, [])
            else coalesce(traced.snapshot_tags, traced.last_tags, traced.known_tags, [])
        end as new_list
    from traced
),

-- custom properties are objects of names and values
fields as (
    select
        shown.*,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(shown.previous), []),
            coalesce(json_keys(shown.current), [])
        ))) as field
    from shown
),

objects as (
    select
        fields.*,
        json_extract(fields.previous, '$.' || fields.field) as old_object,
        json_extract(fields.current, '$.' || fields.field) as new_object
    from fields
    where fields.field like 'properties%'
),

named as (
    select
        objects.*,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(objects.old_object), []),
            coalesce(json_keys(objects.new_object), [])
        ))) as name
    from objects
),

valued as (
    select
        named.*,
        json_extract_string(named.old_object, '/' || replace(replace(named.name, '~', '~0'), '/', '~1')) as old_value,
        json_extract_string(named.new_object, '/' || replace(replace(named.name, '~', '~0'), '/', '~1')) as new_value
    from named
),

moved as (
    select
        listed.* exclude (old_list, new_list),
        'added' as change,
        'tag' as what,
        'TAG' as named_by,
        unnest([item for item in listed.new_list if not list_contains(listed.old_list, item)]) as name,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from listed
    union all
    select
        listed.* exclude (old_list, new_list),
        'removed' as change,
        'tag' as what,
        'TAG' as named_by,
        unnest([item for item in listed.old_list if not list_contains(listed.new_list, item)]) as name,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from listed
    union all
    select
        valued.occurred_at,
        valued.source,
        valued.version_history_id,
        valued.resource_id,
        valued.entity_type,
        case
            when valued.old_value is null then 'added'
            when valued.new_value is null then 'removed'
            else 'changed'
        end as change,
        'property' as what,
        'CUSTOM_PROPERTY' as named_by,
        valued.name,
        valued.old_value,
        valued.new_value
    from valued
    where valued.old_value is distinct from valued.new_value
),

-- a version of several people is nobody's
made as (
    select
        moved.occurred_at,
        moved.source,
        moved.version_history_id,
        moved.resource_id,
        moved.entity_type,
        moved.change,
        moved.what,
        moved.named_by,
        moved.name,
        moved.old_value,
        moved.new_value,
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
        moved.change,
        moved.what,
        moved.named_by,
        moved.name,
        moved.old_value,
        moved.new_value
)

select
    made.occurred_at,
    made.source,
    made.change,
    made.what,
    case when made.what = 'tag' then made.name end as tag_id,
    coalesce(nullif(tag.name, ''), nullif(tag.title, ''), made.name) as name,
    made.old_value,
    made.new_value,
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
left join resources as tag
    on
        made.source = tag.source
        and made.name = tag.resource_id
        and made.named_by = tag.resource_type
        and tag.is_current
order by made.occurred_at, made.source, made.version_history_id, made.what, made.name, made.change
