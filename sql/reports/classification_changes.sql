-- title: Classification changes
-- question: Which resources were verified, published or archived, or the reverse?
-- grain: one row per version and property that it turned on or off
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes, resources
-- notes: Read from versions; the time is that of the version.

with turned as (
    select
        c.changed_at as occurred_at,
        c.source,
        c.property,
        coalesce(cast(c.old_value as varchar) = 'true', false) as was_so,
        coalesce(cast(c.new_value as varchar) = 'true', false) as is_so,
        c.resource_id,
        c.entity_type,
        c.actor_id,
        c.actor_name,
        c.version_history_id
    from property_changes as c
    where
        c.property in ('verified', 'published', 'archived')
        and c.changed_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and c.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or c.source = cast(source as varchar))
)

select
    turned.occurred_at,
    turned.source,
    case
        when turned.is_so then turned.property
        when turned.property = 'archived' then 'restored'
        else 'un' || turned.property
    end as change,
    turned.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    turned.entity_type,
    turned.actor_id,
    turned.actor_name,
    turned.version_history_id
from turned
left join resources as resource
    on
        turned.source = resource.source
        and turned.resource_id = resource.resource_id
        and resource.is_current
where turned.was_so != turned.is_so
order by turned.occurred_at, turned.source, turned.version_history_id, turned.property
