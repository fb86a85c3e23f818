-- Versions for the bench of the reports: two of five events made one. Reads the temporary table `drawn` of reports.sh. A version
-- in twenty is of one of a hundred busy resources; one in ten tells nothing of what it changed, one in five has no snapshot.
create temp table counted as
select
    edits.*,
    count(*) filter (what = 'pii') over earlier as pii,
    count(*) filter (what = 'verified') over earlier as verified,
    count(*) filter (what = 'published') over earlier as published,
    count(*) filter (what = 'archived') over earlier as archived,
    count(*) filter (what = 'owners') over earlier as owners,
    count(*) filter (what = 'tags') over earlier as tags,
    count(*) filter (what = 'properties2') over earlier as properties,
    count(*) filter (what = 'description') over earlier as description,
    count(*) filter (what = 'definition') over earlier as definition
from (
    select
        drawn.n,
        drawn.moment,
        drawn.thing,
        drawn.version,
        hash(drawn.n + 2) % 20 as told,
        ['pii', 'verified', 'published', 'archived', 'owners', 'tags', 'tags', 'properties2', 'definition', 'definition',
            'description', 'description', 'description', 'description'][cast(1 + hash(drawn.n + 3) % 14 as bigint)] as what
    from drawn
    where drawn.version is not null
) as edits
window earlier as (partition by edits.thing order by edits.n);

create temp macro owners_of(thing, k) as
    case hash(thing, k, 1) % 10
        when 0 then []
        when 1 then ['p' || hash(thing, k, 2) % 3000, 'p' || hash(thing, k, 3) % 3000]
        else ['p' || hash(thing, k, 2) % 3000]
    end;
create temp macro tags_of(thing, k) as
    if(hash(thing, k, 4) % 5 = 0, [], ['t' || hash(thing, 5) % 500, 't' || hash(thing, k, 6) % 500]);
create temp macro value_of(c, back) as case c.what
    when 'pii' then to_json((c.pii - back) % 2 = 1)
    when 'verified' then to_json((c.verified - back) % 2 = 1)
    when 'published' then to_json((c.published - back) % 2 = 0)
    when 'archived' then to_json((c.archived - back) % 2 = 1)
    when 'owners' then to_json(owners_of(c.thing, c.owners - back))
    when 'tags' then to_json(tags_of(c.thing, c.tags - back))
    when 'properties2' then json_object('tier', 'gold', 'reviewed', cast(c.properties - back as varchar))
    when 'description'
        then to_json('Table ' || c.thing || ': one row per day, reviewed (edition ' || (c.description - back) || ')')
    else to_json('select a, b, count(*) from t' || c.thing || ' where day > ' || (c.definition - back) || ' group by all')
end;

insert into version_histories by name
select
    'bench' as source, 'resource_logs' as stream, 1 as load, c.moment as loaded_at, 1 as revision, c.version as id,
    'r' || c.thing as resource_id, c.moment as created_at, c.moment as updated_at, 'table' as secoda_entity_type,
    [printf('%032x', c.n)] as activity_log_ids,
    if(c.told < 2, '{}', '{"' || c.what || '":' || value_of(c, 1) || '}') as previous,
    if(c.told < 2, '{}', '{"' || c.what || '":' || value_of(c, 0) || '}') as current,
    if(c.told < 16, 'Table ' || c.thing, null) as snapshot_title,
    if(c.told < 16, owners_of(c.thing, c.owners), null) as snapshot_owners,
    if(c.told < 16, if(c.thing % 2 = 0, [], ['g' || c.thing % 20]), null) as snapshot_owners_groups,
    if(c.told < 16, [], null) as snapshot_collections,
    if(c.told < 16, tags_of(c.thing, c.tags), null) as snapshot_tags,
    if(c.told < 16, ['team' || c.thing % 9], null) as snapshot_teams,
    if(c.told < 16, c.published % 2 = 0, null) as snapshot_published,
    if(c.told < 16, c.verified % 2 = 1, null) as snapshot_verified,
    if(c.told < 16, c.archived % 2 = 1, null) as snapshot_archived,
    if(c.told < 16, c.pii % 2 = 1, null) as snapshot_pii
from counted as c
order by c.n;

insert into resources (source, resource_id, resource_type, name, is_current)
select 'bench', 't' || n, 'TAG', 'Tag ' || n, true from range(500) as numbers (n);
drop table counted;
