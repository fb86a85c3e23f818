-- title: Tag and property changes
-- question: Which tags and properties came and went?
-- grain: one row per version and tag or property that came, went or changed
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes, resources
-- notes: Read from versions; the time is that of the version. A tag without a known name stands by its identifier.

with changes as (
    select c.*
    from property_changes as c
    where
        (c.property = 'tags' or c.property like 'properties%')
        and c.changed_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and c.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or c.source = cast(source as varchar))
),

-- custom properties are one object of names and values
named as (
    select
        changes.*,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(changes.old_value), []),
            coalesce(json_keys(changes.new_value), [])
        ))) as name
    from changes
),

pointed as (
    select
        named.*,
        '/' || replace(replace(named.name, '~', '~0'), '/', '~1') as pointer
    from named
),

moved as (
    select
        changes.*,
        'tag' as what,
        'TAG' as named_by,
        unnest(changes.added) as name,
        cast(null as varchar) as old_text,
        cast(null as varchar) as new_text,
        'added' as change
    from changes
    union all
    select
        changes.*,
        'tag' as what,
        'TAG' as named_by,
        unnest(changes.removed) as name,
        cast(null as varchar) as old_text,
        cast(null as varchar) as new_text,
        'removed' as change
    from changes
    union all
    select
        pointed.* exclude (pointer, name),
        'property' as what,
        'CUSTOM_PROPERTY' as named_by,
        pointed.name,
        json_extract_string(pointed.old_value, pointed.pointer) as old_text,
        json_extract_string(pointed.new_value, pointed.pointer) as new_text,
        case
            when json_extract_string(pointed.old_value, pointed.pointer) is null then 'added'
            when json_extract_string(pointed.new_value, pointed.pointer) is null then 'removed'
            else 'changed'
        end as change
    from pointed
)

select
    moved.changed_at as occurred_at,
    moved.source,
    moved.change,
    moved.what,
    case when moved.what = 'tag' then moved.name end as tag_id,
    coalesce(nullif(tag.name, ''), nullif(tag.title, ''), moved.name) as name,
    moved.old_text as old_value,
    moved.new_text as new_value,
    moved.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    moved.entity_type,
    moved.actor_id,
    moved.actor_name,
    moved.version_history_id
from moved
left join resources as tag
    on
        moved.source = tag.source
        and moved.name = tag.resource_id
        and tag.resource_type = moved.named_by
        and tag.is_current
left join resources as resource
    on
        moved.source = resource.source
        and moved.resource_id = resource.resource_id
        and resource.is_current
where moved.old_text is distinct from moved.new_text or moved.what = 'tag'
order by moved.changed_at, moved.source, moved.version_history_id, moved.what, moved.name, moved.change
