-- title: PII changes
-- question: Which resources became, or stopped being, PII?
-- grain: one row per version that set or removed the mark of a resource
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes, resources
-- severity: medium
-- notes: Read from versions; the time is that of the version. A mark removed is a finding, a mark set is not.

with changes as (
    select
        c.changed_at as occurred_at,
        c.source,
        coalesce(cast(c.old_value as varchar) = 'true', false) as was_pii,
        coalesce(cast(c.new_value as varchar) = 'true', false) as is_pii,
        c.resource_id,
        c.entity_type,
        c.actor_id,
        c.actor_name,
        c.version_history_id
    from property_changes as c
    where
        c.property = 'pii'
        and c.changed_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and c.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or c.source = cast(source as varchar))
)

select
    changes.occurred_at,
    changes.source,
    case when changes.is_pii then 'marked' else 'removed' end as change,
    changes.was_pii as is_finding,
    changes.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    changes.entity_type,
    changes.actor_id,
    changes.actor_name,
    changes.version_history_id
from changes
left join resources as resource
    on
        changes.source = resource.source
        and changes.resource_id = resource.resource_id
        and resource.is_current
where changes.was_pii != changes.is_pii
order by changes.occurred_at, changes.source, changes.version_history_id
