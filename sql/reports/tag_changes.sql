-- title: Tag and property changes
-- question: Which tags and properties came and went?
-- grain: one row per version and tag or property that came, went or changed
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes_between, resources
-- notes: Read from versions; the time is that of the version. A tag without a known name stands by its identifier.

with changed as (
    select change.*
    from property_changes_between(since, until, source) as change
    where change.property = 'tags' or change.property like 'properties%'
),

-- custom properties are objects of names and values
named as (
    select
        changed.*,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(changed.old_value), []),
            coalesce(json_keys(changed.new_value), [])
        ))) as name
    from changed
),

valued as (
    select
        named.* exclude (old_value, new_value),
        json_extract_string(named.old_value, '/' || replace(replace(named.name, '~', '~0'), '/', '~1')) as old_value,
        json_extract_string(named.new_value, '/' || replace(replace(named.name, '~', '~0'), '/', '~1')) as new_value
    from named
),

moved as (
    select
        changed.* exclude (old_value, new_value),
        'added' as change,
        'tag' as what,
        'TAG' as named_by,
        unnest(changed.added) as name,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from changed
    union all
    select
        changed.* exclude (old_value, new_value),
        'removed' as change,
        'tag' as what,
        'TAG' as named_by,
        unnest(changed.removed) as name,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value
    from changed
    union all
    select
        valued.* exclude (name, old_value, new_value),
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
)

select
    moved.changed_at as occurred_at,
    moved.source,
    moved.change,
    moved.what,
    case when moved.what = 'tag' then moved.name end as tag_id,
    coalesce(nullif(tag.name, ''), nullif(tag.title, ''), moved.name) as name,
    moved.old_value,
    moved.new_value,
    moved.resource_id,
    moved.resource_name,
    moved.entity_type,
    moved.actor_id,
    moved.actor_name,
    moved.version_history_id
from moved
left join resources as tag
    on
        moved.source = tag.source
        and moved.name = tag.resource_id
        and moved.named_by = tag.resource_type
        and tag.is_current
order by moved.changed_at, moved.source, moved.version_history_id, moved.what, moved.name, moved.change
