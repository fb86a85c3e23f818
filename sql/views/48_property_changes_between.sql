-- name: property_changes_between
-- doc: property_changes of a period (the last 90 days) and a source; only_followed: without what single versions tell.
-- params: since timestamp = null, until timestamp = null, source text = null, only_followed boolean = false

-- what was known last when the period began; of two versions at one time nobody knows which was first. Time and flag
-- make one number, whose greatest is found sooner than that of pairs, and so do time and the hash of a list
with before as (
    select
        known.source,
        known.resource_id,
        max({ 'at': known.changed_at, 'value': known.title }) filter (where known.title is not null) as title,
        max(epoch_us(known.changed_at) * 2 + cast(known.published as bigint)) as published,
        max(epoch_us(known.changed_at) * 2 + cast(known.verified as bigint)) as verified,
        max(epoch_us(known.changed_at) * 2 + cast(known.archived as bigint)) as archived,
        max(epoch_us(known.changed_at) * 2 + cast(known.pii as bigint)) as pii,
        arg_max(
            known.owners,
            cast(epoch_us(known.changed_at) as hugeint) * 18446744073709551616 + hash(known.owners)
        ) as owners,
        arg_max(
            known.owners_groups,
            cast(epoch_us(known.changed_at) as hugeint) * 18446744073709551616 + hash(known.owners_groups)
        ) as owners_groups,
        arg_max(
            known.collections,
            cast(epoch_us(known.changed_at) as hugeint) * 18446744073709551616 + hash(known.collections)
        ) as collections,
        arg_max(
            known.tags,
            cast(epoch_us(known.changed_at) as hugeint) * 18446744073709551616 + hash(known.tags)
        ) as tags,
        arg_max(
            known.teams,
            cast(epoch_us(known.changed_at) as hugeint) * 18446744073709551616 + hash(known.teams)
        ) as teams
    from known_properties as known
    where
        known.changed_at < coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
    group by known.source, known.resource_id
),

shown as (
    select
        known.*,
        before.title.value as before_title,
        before.published % 2 != 0 as before_published,
        before.verified % 2 != 0 as before_verified,
        before.archived % 2 != 0 as before_archived,
        before.pii % 2 != 0 as before_pii,
        before.owners as before_owners,
        before.owners_groups as before_owners_groups,
        before.collections as before_collections,
        before.tags as before_tags,
        before.teams as before_teams
    from known_properties as known
    left join before
        on
            known.source = before.source
            and known.resource_id = before.resource_id
    where
        known.changed_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and known.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or known.source = cast(source as varchar))
),

-- a part for each property, so that what is asked of one reads the columns of no other; a version that says nothing of
-- a property is left out before its versions are put in order
flags as (
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'published' as property,
        json_extract(shown.previous, '$.published') as told_old,
        json_extract(shown.current, '$.published') as told_new,
        shown.before_published as before_value,
        shown.published as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'verified' as property,
        json_extract(shown.previous, '$.verified') as told_old,
        json_extract(shown.current, '$.verified') as told_new,
        shown.before_verified as before_value,
        shown.verified as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'archived' as property,
        json_extract(shown.previous, '$.archived') as told_old,
        json_extract(shown.current, '$.archived') as told_new,
        shown.before_archived as before_value,
        shown.archived as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'pii' as property,
        json_extract(shown.previous, '$.pii') as told_old,
        json_extract(shown.current, '$.pii') as told_new,
        shown.before_pii as before_value,
        shown.pii as current_value,
        shown.changed_at,
        shown.load
    from shown
),

followed_flags as (
    select
        flags.*,
        flags.told_old is not null or flags.told_new is not null as is_told,
        coalesce(lag(flags.current_value ignore nulls) over earlier, flags.before_value) as former_value
    from flags
    where
        flags.current_value is not null
        or flags.told_old is not null
        or flags.told_new is not null
    window earlier as (
        partition by flags.source, flags.resource_id, flags.property
        order by flags.changed_at, flags.current_value, flags.version_history_id
    )
),

words as (
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'title' as property,
        json_extract(shown.previous, '$.title') as told_old,
        json_extract(shown.current, '$.title') as told_new,
        shown.before_title as before_value,
        shown.title as current_value,
        shown.changed_at,
        shown.load
    from shown
),

followed_words as (
    select
        words.*,
        words.told_old is not null or words.told_new is not null as is_told,
        coalesce(lag(words.current_value ignore nulls) over earlier, words.before_value) as former_value
    from words
    where
        words.current_value is not null
        or words.told_old is not null
    window earlier as (
        partition by words.source, words.resource_id, words.property
        order by words.changed_at, words.current_value, words.version_history_id
    )
),

items as (
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'owners' as property,
        json_extract(shown.previous, '$.owners') as told_old,
        json_extract(shown.current, '$.owners') as told_new,
        shown.before_owners as before_value,
        shown.owners as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'owners_groups' as property,
        json_extract(shown.previous, '$.owners_groups') as told_old,
        json_extract(shown.current, '$.owners_groups') as told_new,
        shown.before_owners_groups as before_value,
        shown.owners_groups as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'collections' as property,
        json_extract(shown.previous, '$.collections') as told_old,
        json_extract(shown.current, '$.collections') as told_new,
        shown.before_collections as before_value,
        shown.collections as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'tags' as property,
        json_extract(shown.previous, '$.tags') as told_old,
        json_extract(shown.current, '$.tags') as told_new,
        shown.before_tags as before_value,
        shown.tags as current_value,
        shown.changed_at,
        shown.load
    from shown
    union all
    select
        shown.source,
        shown.version_history_id,
        shown.resource_id,
        shown.entity_type,
        'teams' as property,
        json_extract(shown.previous, '$.teams') as told_old,
        json_extract(shown.current, '$.teams') as told_new,
        shown.before_teams as before_value,
        shown.teams as current_value,
        shown.changed_at,
        shown.load
    from shown
),

followed_items as (
    select
        items.*,
        items.told_old is not null or items.told_new is not null as is_told,
        coalesce(lag(items.current_value ignore nulls) over earlier, items.before_value) as former_value
    from items
    where
        items.current_value is not null
        or items.told_old is not null
    window earlier as (
        partition by items.source, items.resource_id, items.property
        order by items.changed_at, hash(items.current_value), items.version_history_id
    )
),

-- as the version tells it, else as it differs from what was known last
compared as (
    select
        followed.source,
        followed.version_history_id,
        followed.resource_id,
        followed.entity_type,
        followed.property,
        false as is_list,
        case
            when followed.is_told then nullif(followed.told_old, cast('null' as json))
            else to_json(followed.former_value)
        end as old_value,
        case
            when followed.is_told then nullif(followed.told_new, cast('null' as json))
            else to_json(followed.current_value)
        end as new_value,
        followed.changed_at,
        followed.load
    from followed_flags as followed
    where
        followed.is_told
        or followed.former_value != followed.current_value
    union all
    select
        followed.source,
        followed.version_history_id,
        followed.resource_id,
        followed.entity_type,
        followed.property,
        false as is_list,
        case
            when followed.is_told then nullif(followed.told_old, cast('null' as json))
            else to_json(followed.former_value)
        end as old_value,
        case
            when followed.is_told then nullif(followed.told_new, cast('null' as json))
            else to_json(followed.current_value)
        end as new_value,
        followed.changed_at,
        followed.load
    from followed_words as followed
    where
        followed.is_told
        or followed.former_value != followed.current_value
    union all
    select
        followed.source,
        followed.version_history_id,
        followed.resource_id,
        followed.entity_type,
        followed.property,
        true as is_list,
        case
            when followed.is_told then nullif(followed.told_old, cast('null' as json))
            else to_json(list_sort(followed.former_value))
        end as old_value,
        case
            when followed.is_told then nullif(followed.told_new, cast('null' as json))
            else to_json(list_sort(followed.current_value))
        end as new_value,
        followed.changed_at,
        followed.load
    from followed_items as followed
    where
        followed.is_told
        or followed.former_value != followed.current_value
),

listed as (
    select
        compared.*,
        case when compared.is_list then coalesce(try_cast(compared.old_value as varchar[]), []) end as old_list,
        case when compared.is_list then coalesce(try_cast(compared.new_value as varchar[]), []) end as new_list
    from compared
    where compared.old_value is distinct from compared.new_value
),

changed as (
    select
        listed.source,
        listed.version_history_id,
        listed.resource_id,
        listed.entity_type,
        listed.property,
        listed.old_value,
        listed.new_value,
        list_sort(list_distinct(
            [item for item in listed.new_list if not list_contains(listed.old_list, item)]
        )) as added,
        list_sort(list_distinct(
            [item for item in listed.old_list if not list_contains(listed.new_list, item)]
        )) as removed,
        listed.changed_at,
        listed.load
    from listed
    -- a list in another order is the same list
    where
        listed.old_list is null
        or list_sort(listed.old_list) != list_sort(listed.new_list)
    union all
    -- what is followed from no version to the next
    select
        told.source,
        told.version_history_id,
        told.resource_id,
        told.entity_type,
        told.field as property,
        told.old_value,
        told.new_value,
        cast(null as varchar[]) as added,
        cast(null as varchar[]) as removed,
        told.changed_at,
        told.load
    from version_changes as told
    where
        told.changed_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and told.changed_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or told.source = cast(source as varchar))
        and not coalesce(cast(only_followed as boolean), false)
        and told.field not in (
            'title',
            'published',
            'verified',
            'archived',
            'pii',
            'owners',
            'owners_groups',
            'collections',
            'tags',
            'teams'
        )
),

-- a version of several people is nobody's; a correlated subquery would make DuckDB 2.0 work out all of `changed`
acted as (
    select
        changed.source,
        changed.version_history_id,
        changed.resource_id,
        changed.entity_type,
        changed.property,
        changed.old_value,
        changed.new_value,
        changed.added,
        changed.removed,
        changed.changed_at,
        changed.load,
        case
            when
                count(*) = count(activity.performer_id)
                and min(activity.performer_id) = max(activity.performer_id)
                then min(activity.performer_id)
        end as actor_id
    from changed
    left join activity_logs as activity
        on
            changed.source = activity.source
            and changed.version_history_id = activity.version_history_id
    group by
        changed.source,
        changed.version_history_id,
        changed.resource_id,
        changed.entity_type,
        changed.property,
        changed.old_value,
        changed.new_value,
        changed.added,
        changed.removed,
        changed.changed_at,
        changed.load
)

select
    acted.source,
    acted.version_history_id,
    acted.resource_id,
    coalesce(nullif(resource.name, ''), nullif(resource.title, '')) as resource_name,
    acted.entity_type,
    acted.property,
    acted.old_value,
    acted.new_value,
    acted.added,
    acted.removed,
    acted.changed_at,
    acted.actor_id,
    coalesce(
        nullif(performer.name, ''),
        nullif(performer.display_name, ''),
        nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), '')
    ) as actor_name,
    acted.load
from acted
left join resources as resource
    on
        acted.source = resource.source
        and acted.resource_id = resource.resource_id
        and resource.is_current
left join performers as performer
    on
        acted.source = performer.source
        and acted.actor_id = performer.performer_id
        and performer.is_current
