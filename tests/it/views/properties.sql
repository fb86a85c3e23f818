insert into version_histories (source, stream, load, id, resource_id, created_at, previous, current, snapshot_title,
    snapshot_pii, snapshot_verified, snapshot_owners, snapshot_tags) values
-- the first one changes nothing, whatever it shows
('acme', 'resource_logs', 1, 'v1', 'r', '2026-06-01', '{}', '{}', 'orders', false, null, ['ada', 'bob'], []),
-- the same list in another order; what is not shown is not gone
('acme', 'resource_logs', 1, 'v2', 'r', '2026-06-02', '{}', '{}', null, null, true, ['bob', 'ada'], null),
('acme', 'resource_logs', 2, 'v3', 'r', '2026-06-03', '{}', '{}', 'orders', true, false, ['bob', 'cy'], ['gold']),
-- at the same time as the one before, told by itself as well as by its snapshot
('acme', 'resource_logs', 2, 'v4', 'r', '2026-06-03', '{"pii": true, "tags": ["gold", "x"], "owners": ["a", "b"]}',
    '{"pii": false, "tags": ["gold"], "owners": ["b", "a"]}', 'orders 2', false, false, ['bob', 'cy'], ['gold']),
-- told by itself alone; then only a snapshot, which agrees
('acme', 'resource_logs', 3, 'v5', 'r', '2026-06-04', '{"pii": false}', '{"pii": true}', null, null, null, null, null),
('acme', 'resource_logs', 3, 'v6', 'r', '2026-06-05', null, null, 'orders 2', true, false, [], ['gold']),
-- told anew without a change; a title follows the snapshots, a rank only what is told
('acme', 'resource_logs', 3, 'v7', 'r', '2026-06-06', '{"pii": true, "rank": 1}', '{"pii": true, "rank": 2}', 'orders 3', false, null, null, null),
-- told of a resource of which nothing was known
('acme', 'resource_logs', 3, 't1', 't', '2026-06-05', '{"title": "a"}', '{"title": "b"}', null, null, null, null, null),
-- told of values that are no more, or are none
('acme', 'resource_logs', 3, 'n1', 'n', '2026-06-05', '{"published": true, "teams": ["a"], "title": "a"}',
    '{"verified": "perhaps"}', null, null, null, null, null),
-- of another resource, and of another source
('acme', 'resource_logs', 3, 'w1', 's', '2026-06-05', null, null, 'other', true, true, ['z'], null),
('other', 'resource_logs', 3, 'x0', 'r', '2026-06-01', null, null, 'other', true, true, ['z'], null),
('other', 'resource_logs', 3, 'x1', 'r', '2026-06-06', null, null, 'other', true, true, ['z'], null);
-- everything changes at once, after a version that shows nothing
insert into version_histories (source, stream, load, revision, id, resource_id, created_at, secoda_entity_type, previous, current,
    snapshot_title, snapshot_published, snapshot_verified, snapshot_archived, snapshot_pii, snapshot_owners,
    snapshot_owners_groups, snapshot_collections, snapshot_tags, snapshot_teams) values
('acme', 'resource_logs', 1, 1, 'm1', 'm', '2026-06-01', 'metric', null, null,
    'a', true, false, false, false, ['a'], ['a'], ['a'], ['a'], ['a']),
('acme', 'resource_logs', 1, 1, 'm2', 'm', '2026-06-02', 'metric', '{"rank": 0}', '{"rank": 1}',
    null, null, null, null, null, null, null, null, null, null),
('acme', 'resource_logs', 1, 1, 'm3', 'm', '2026-06-05', 'metric', '{"rank": 1}', '{"rank": 2}',
    'b', false, true, true, true, ['b'], ['b'], ['b'], ['b'], ['b']);
insert into activity_logs (source, stream, load, id, logged_at, version_history_id, performer_id, performer_name) values
('acme', 'audit_logs', 1, 'a', '2026-06-03', 'v3', 'p1', 'Ada'), ('acme', 'audit_logs', 1, 'b', '2026-06-03', 'v3', 'p1', null),
('acme', 'audit_logs', 1, 'c', '2026-06-03', 'v4', 'p1', 'Ada'), ('acme', 'audit_logs', 1, 'd', '2026-06-03', 'v4', 'p2', null),
('acme', 'audit_logs', 1, 'e', '2026-06-04', 'v5', 'p2', null), ('acme', 'audit_logs', 1, 'f', '2026-06-05', 'v6', 'p1', null),
('acme', 'audit_logs', 1, 'g', '2026-06-05', 'v6', null, null), ('other', 'audit_logs', 1, 'h', '2026-06-05', 'v5', 'p9', null);
insert into performers (source, performer_id, name, is_current) values
    ('acme', 'p1', 'Ada B.', true), ('acme', 'p1', 'Ada', false), ('acme', 'p2', 'Bob', true),
    ('other', 'p2', 'Stranger', true);
insert into resources (source, resource_id, name, title, is_current) values
    ('acme', 'r', '', 'Orders', true), ('acme', 'r', 'Sales', null, false), ('acme', 's', 'Other', null, true),
    ('other', 'r', 'Foreign', null, true);
