-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into version_histories (source, stream, load, revision, id, created_at, resource_id, secoda_entity_type, previous, current, snapshot_owners, snapshot_owners_groups
) values
('acme', 'resource_logs', 1, 1, 'v1', '2026-06-01 00:00:00', 'r1', 'table', '{"owners": ["u1"]}', '{"owners": ["u1", "u2", "u3"]}', null, null),
-- the last owner goes, and no group is known
('acme', 'resource_logs', 1, 1, 'v2', '2026-06-12 09:00:00', 'r1', 'table', '{"owners": ["u1", "u2", "u3"]}', '{"owners": []}', null, null),
-- one group for another; a later version says nothing of owners
('acme', 'resource_logs', 1, 1, 'v3', '2026-06-13 09:00:00', 'r2', 'document', '{"owners_groups": ["g1"]}', '{"owners_groups": ["g2"]}',
    [], ['g2']),
('acme', 'resource_logs', 1, 1, 'v4', '2026-06-14 09:00:00', 'r2', 'document', '{}', '{"title": "b"}', null, null),
-- without an owner since before the period
('acme', 'resource_logs', 1, 1, 'v5', '2026-05-02 09:00:00', 'r3', 'view', '{}', '{"title": "a"}', [], []),
('acme', 'resource_logs', 1, 1, 'v6', '2026-05-03 08:00:00', 'r3', 'query', '{}', '{"title": "b"}', [], []),
-- what it is not every version says
('acme', 'resource_logs', 1, 1, 'v16', '2026-05-03 09:00:00', 'r3', null, '{}', '{"title": "c"}', [], []),
-- what it became after the period
('acme', 'resource_logs', 1, 1, 'v17', '2026-07-03 09:00:00', 'r3', 'view', '{}', '{"title": "c"}', [], []),
-- of that time, too: something else, and its namesake elsewhere
('acme', 'resource_logs', 1, 1, 'v14', '2026-05-03 09:00:00', 'r11', 'view', '{}', '{}', ['u1'], []),
('other', 'resource_logs', 2, 1, 'v15', '2026-05-03 09:00:00', 'r3', 'view', '{}', '{}', ['u1'], []),
-- lost and found again; only the snapshots tell the first
('acme', 'resource_logs', 1, 1, 'v7', '2026-05-20 09:00:00', 'r4', 'metric', '{}', '{}', ['u1'], []),
('acme', 'resource_logs', 1, 1, 'v8', '2026-06-20 09:00:00', 'r4', 'metric', '{}', '{}', [], []),
('acme', 'resource_logs', 1, 1, 'v9', '2026-06-30 23:59:59.999999', 'r4', 'metric', '{"owners": []}', '{"owners": ["u1"]}', ['u1'], []),
-- lost for good, which only the snapshots tell
('acme', 'resource_logs', 1, 1, 'v10', '2026-05-20 09:00:00', 'r10', 'metric', '{}', '{}', ['u1'], []),
('acme', 'resource_logs', 1, 1, 'v11', '2026-06-21 09:00:00', 'r10', 'metric', '{}', '{}', [], []),
-- none of these: as it was before the period, whatever its namesake elsewhere was
('acme', 'resource_logs', 1, 1, 'v12', '2026-05-20 09:00:00', 'r9', 'metric', '{}', '{}', ['u1'], []),
('acme', 'resource_logs', 1, 1, 'v13', '2026-06-14 09:00:00', 'r9', 'metric', '{}', '{}', ['u1'], []),
('other', 'resource_logs', 2, 1, 'v13', '2026-05-20 09:00:00', 'r9', 'metric', '{}', '{}', ['u9'], []),
-- a list that is unknown is not empty, another list, the same in another order, before the period, its end,
-- another source
('acme', 'resource_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'r5', 'table', '{"title": "a"}', '{"title": "b"}', null, null),
('acme', 'resource_logs', 1, 1, 'x2', '2026-06-10 09:00:00', 'r6', 'table', '{"teams": ["u1"]}', '{"teams": ["u2"]}', ['u1'], null),
('acme', 'resource_logs', 1, 1, 'x3', '2026-06-10 09:00:00', 'r7', 'table', '{"owners": ["u1", "u2"]}', '{"owners": ["u2", "u1"]}', null, null),
('acme', 'resource_logs', 1, 1, 'x4', '2026-05-31 23:59:59.999999', 'r8', 'table', '{"owners": []}', '{"owners": ["u1"]}', null, null),
('acme', 'resource_logs', 1, 1, 'x5', '2026-07-01 00:00:00', 'r8', 'table', '{"owners": ["u1"]}', '{"owners": []}', null, null),
('other', 'resource_logs', 2, 1, 'x6', '2026-06-10 09:00:00', 'r1', 'table', '{"owners": ["u1"]}', '{"owners": []}', null, null);

insert into activity_logs (source, stream, load, revision, id, logged_at, performer_id, performer_name, version_history_id) values
('acme', 'audit_logs', 1, 1, 'a1', '2026-06-01 00:00:00', 'p1', 'Ada', 'v1'),
('other', 'audit_logs', 2, 1, 'a9', '2026-06-01 00:00:00', 'p2', 'Bob', 'v1');

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'r1', 'SECODA_ENTITY', 'customers', null, true),
('acme', 'r1', 'SECODA_ENTITY', 'clients', null, false),
('acme', 'r3', 'QUERY', '', 'By month', true),
('acme', 'g1', 'USER_GROUP', 'Finance', null, true),
('acme', 'g1', 'USER_GROUP', 'Money', null, false),
('acme', 'g2', 'USER_GROUP', null, 'Sales', true),
('other', 'r1', 'SECODA_ENTITY', 'foreign', null, true),
('other', 'g1', 'USER_GROUP', 'Foreign', null, true);

insert into performers (source, performer_id, name, display_name, is_current) values
('acme', 'u1', 'Una', null, true),
('acme', 'u1', 'Una B.', null, false),
('acme', 'p1', 'Ada', null, true),
('acme', 'p1', 'Ada B.', null, false),
('other', 'p1', 'Stranger', null, true),
('acme', 'u2', '', 'Ute', true),
('other', 'u1', 'Stranger', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
