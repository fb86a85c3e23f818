-- name: property_changes
-- doc: One row per property of a resource that a version changed: as the version tells it, else against the last known.
-- column source: The configured account the version came from.
-- column version_history_id: The version; `id` in version_histories.
-- column resource_id: What it is a version of.
-- column entity_type: What kind of entity that is, in the service's words: table, column …
-- column property: The changed property, in the service's words: pii, verified, owners, tags …
-- column old_value: What it was; null where it had no value.
-- column new_value: What it became; null where it has no value.
-- column added: Of a list, what came to it.
-- column removed: Of a list, what went from it.
-- column changed_at: When the version was made (UTC).
-- column actor_id: Who made the version, where all activities of it that are known are of one.
-- column actor_name: The actor's name: of the activities, else the one observed last.
-- column load: The load that stored the version: the sequence of its ledger entry.

with told as (
    select
        version_change.source,
        version_change.version_history_id,
        version_change.field as property,
        version_change.old_value,
        version_change.new_value
    from version_changes as version_change
),

-- what a version knows of its resource: its snapshot, else what it changed itself; null is unknown, not gone
shown as (
    select
        version.source,
        version.id,
        version.resource_id,
        version.created_at,
        coalesce(version.snapshot_title, json_extract_string(version.current, '$.title')) as title,
        coalesce(
            version.snapshot_published, try_cast(json_extract_string(version.current, '$.published') as boolean)
        ) as published,
        coalesce(
            version.snapshot_verified, try_cast(json_extract_string(version.current, '$.verified') as boolean)
        ) as verified,
        coalesce(
            version.snapshot_archived, try_cast(json_extract_string(version.current, '$.archived') as boolean)
        ) as archived,
        coalesce(
            version.snapshot_pii, try_cast(json_extract_string(version.current, '$.pii') as boolean)
        ) as pii,
        list_sort(coalesce(
            version.snapshot_owners, try_cast(json_extract(version.current, '$.owners') as varchar[])
        )) as owners,
        list_sort(coalesce(
            version.snapshot_owners_groups, try_cast(json_extract(version.current, '$.owners_groups') as varchar[])
        )) as owners_groups,
        list_sort(coalesce(
            version.snapshot_collections, try_cast(json_extract(version.current, '$.collections') as varchar[])
        )) as collections,
        list_sort(coalesce(
            version.snapshot_tags, try_cast(json_extract(version.current, '$.tags') as varchar[])
        )) as tags,
        list_sort(coalesce(
            version.snapshot_teams, try_cast(json_extract(version.current, '$.teams') as varchar[])
        )) as teams
    from version_histories as version
),

followed as (
    select
        shown.*,
        lag(shown.title ignore nulls) over earlier as last_title,
        lag(shown.published ignore nulls) over earlier as last_published,
        lag(shown.verified ignore nulls) over earlier as last_verified,
        lag(shown.archived ignore nulls) over earlier as last_archived,
        lag(shown.pii ignore nulls) over earlier as last_pii,
        lag(shown.owners ignore nulls) over earlier as last_owners,
        lag(shown.owners_groups ignore nulls) over earlier as last_owners_groups,
        lag(shown.collections ignore nulls) over earlier as last_collections,
        lag(shown.tags ignore nulls) over earlier as last_tags,
        lag(shown.teams ignore nulls) over earlier as last_teams
    from shown
    window earlier as (partition by shown.source, shown.resource_id order by shown.created_at, shown.id)
),

-- one at a time, so that a long text is only written as JSON where it changed
compared as (
    select
        followed.source,
        followed.id as version_history_id,
        unnest([
            case
                when followed.last_title != followed.title
                    then {
                        'property': 'title',
                        'old': to_json(followed.last_title),
                        'new': to_json(followed.title)
                    }
            end,
            case
                when followed.last_published != followed.published
                    then {
                        'property': 'published',
                        'old': to_json(followed.last_published),
                        'new': to_json(followed.published)
                    }
            end,
            case
                when followed.last_verified != followed.verified
                    then {
                        'property': 'verified',
                        'old': to_json(followed.last_verified),
                        'new': to_json(followed.verified)
                    }
            end,
            case
                when followed.last_archived != followed.archived
                    then {
                        'property': 'archived',
                        'old': to_json(followed.last_archived),
                        'new': to_json(followed.archived)
                    }
            end,
            case
                when followed.last_pii != followed.pii
                    then {
                        'property': 'pii',
                        'old': to_json(followed.last_pii),
                        'new': to_json(followed.pii)
                    }
            end,
            case
                when followed.last_owners != followed.owners
                    then {
                        'property': 'owners',
                        'old': to_json(followed.last_owners),
                        'new': to_json(followed.owners)
                    }
            end,
            case
                when followed.last_owners_groups != followed.owners_groups
                    then {
                        'property': 'owners_groups',
                        'old': to_json(followed.last_owners_groups),
                        'new': to_json(followed.owners_groups)
                    }
            end,
            case
                when followed.last_collections != followed.collections
                    then {
                        'property': 'collections',
                        'old': to_json(followed.last_collections),
                        'new': to_json(followed.collections)
                    }
            end,
            case
                when followed.last_tags != followed.tags
                    then {
                        'property': 'tags',
                        'old': to_json(followed.last_tags),
                        'new': to_json(followed.tags)
                    }
            end,
            case
                when followed.last_teams != followed.teams
                    then {
                        'property': 'teams',
                        'old': to_json(followed.last_teams),
                        'new': to_json(followed.teams)
                    }
            end
        ]) as pair
    from followed
),

changed as (
    select
        told.source,
        told.version_history_id,
        told.property,
        told.old_value,
        told.new_value
    from told
    union all
    select
        compared.source,
        compared.version_history_id,
        compared.pair.property,
        compared.pair.old as old_value,
        compared.pair.new as new_value
    from compared
    left join told
        on
            compared.source = told.source
            and compared.version_history_id = told.version_history_id
            and compared.pair.property = told.property
    where
        compared.pair is not null
        and told.property is null
),

listed as (
    select
        typed.*,
        case when typed.is_list then coalesce(try_cast(typed.old_value as varchar[]), []) end as old_list,
        case when typed.is_list then coalesce(try_cast(typed.new_value as varchar[]), []) end as new_list
    from (
        select
            changed.*,
            coalesce(cast(changed.old_value as varchar) like '[%', false)
            or coalesce(cast(changed.new_value as varchar) like '[%', false) as is_list
        from changed
    ) as typed
),

made as (
    select
        activity.source,
        activity.version_history_id,
        min(activity.performer_id) as first_performer_id,
        max(activity.performer_id) as last_performer_id,
        count(*) = count(activity.performer_id) as is_known,
        max(coalesce(
            nullif(activity.performer_name, ''),
            nullif(activity.performer_display_name, ''),
            nullif(trim(concat_ws(' ', activity.performer_first_name, activity.performer_last_name)), '')
        )) as performer_name
    from activity_logs as activity
    where activity.version_history_id is not null
    group by activity.source, activity.version_history_id
),

acted as (
    select
        made.source,
        made.version_history_id,
        made.first_performer_id as actor_id,
        coalesce(
            made.performer_name,
            nullif(performer.name, ''),
            nullif(performer.display_name, ''),
            nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), '')
        ) as actor_name
    from made
    left join performers as performer
        on
            made.source = performer.source
            and made.first_performer_id = performer.performer_id
            and performer.is_current
    where
        made.is_known
        and made.first_performer_id = made.last_performer_id
)

select
    listed.source,
    listed.version_history_id,
    version.resource_id,
    version.secoda_entity_type as entity_type,
    listed.property,
    listed.old_value,
    listed.new_value,
    [item for item in listed.new_list if not list_contains(listed.old_list, item)] as added,
    [item for item in listed.old_list if not list_contains(listed.new_list, item)] as removed,
    version.created_at as changed_at,
    acted.actor_id,
    acted.actor_name,
    version.load
from listed
inner join version_histories as version
    on
        listed.source = version.source
        and listed.version_history_id = version.id
left join acted
    on
        listed.source = acted.source
        and listed.version_history_id = acted.version_history_id
-- a list told in another order is the same list
where listed.old_list is null or list_sort(listed.old_list) != list_sort(listed.new_list)
