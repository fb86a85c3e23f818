-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into version_histories (source, stream, load, revision, id, created_at, resource_id, secoda_entity_type, previous, current, snapshot_tags
) values
('acme', 'resource_logs', 1, 1, 'v1', '2026-06-01 00:00:00', 'r1', 'table', '{"tags": ["t1"]}', '{"tags": ["t1", "t2", "t3"]}', null),
('acme', 'resource_logs', 1, 1, 'v2', '2026-06-12 09:00:00', 'r1', 'table', '{"tags": ["t1", "t2", "t3"]}', '{"tags": ["t3", "t2"]}', null),
-- only the snapshots tell it
('acme', 'resource_logs', 1, 1, 'v3', '2026-05-12 09:00:00', 'r2', 'table', '{}', '{}', ['t1']),
('acme', 'resource_logs', 1, 1, 'v4', '2026-06-13 09:00:00', 'r2', 'table', '{}', '{}', []),
-- one property stays, one changes, one comes, one goes, and a name with a slash
('acme', 'resource_logs', 1, 1, 'v5', '2026-06-30 23:59:59.999999', 'r3', 'metric',
    '{"properties2": {"tier": "gold", "unit": "EUR", "a/b": 1, "old": "x"}}',
    '{"properties2": {"tier": "gold", "unit": "USD", "a/b": 2, "new": true}}', null),
('acme', 'resource_logs', 1, 1, 'v6', '2026-06-14 09:00:00', 'r3', 'metric', '{"properties": null}', '{"properties": {"t1": "y"}}', null),
-- none of these: as it was before the period, whatever its namesake elsewhere was
('acme', 'resource_logs', 1, 1, 'v7', '2026-05-20 09:00:00', 'r9', 'table', '{}', '{}', ['t1']),
('acme', 'resource_logs', 1, 1, 'v8', '2026-06-14 09:00:00', 'r9', 'table', '{}', '{}', ['t1']),
('other', 'resource_logs', 2, 1, 'v9', '2026-05-20 09:00:00', 'r9', 'table', '{}', '{}', ['t9']),
('acme', 'resource_logs', 1, 1, 'v10', '2026-05-20 09:00:00', 'r10', 'table', '{}', '{}', ['t2']),
-- an object that holds no properties
('acme', 'resource_logs', 1, 1, 'x6', '2026-06-10 09:00:00', 'r6', 'table', '{"lineage": {"a": 1}}', '{"lineage": {"a": 2}}', null),
-- the same in another order, another list, before the period, its end, another source
('acme', 'resource_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'r5', 'table', '{"tags": ["t1", "t2"]}', '{"tags": ["t2", "t1"]}', null),
('acme', 'resource_logs', 1, 1, 'x2', '2026-06-10 09:00:00', 'r6', 'table', '{"teams": ["t1"]}', '{"teams": ["t1", "t2"]}', null),
('acme', 'resource_logs', 1, 1, 'x3', '2026-05-31 23:59:59.999999', 'r7', 'table', '{"tags": []}', '{"tags": ["t1"]}', null),
('acme', 'resource_logs', 1, 1, 'x4', '2026-07-01 00:00:00', 'r8', 'table', '{"tags": []}', '{"tags": ["t1"]}', null),
('other', 'resource_logs', 2, 1, 'x5', '2026-06-10 09:00:00', 'r1', 'table', '{"tags": []}', '{"tags": ["t1"]}', null);

insert into activity_logs (source, stream, load, revision, id, logged_at, performer_id, performer_name, version_history_id) values
('acme', 'audit_logs', 1, 1, 'a1', '2026-06-01 00:00:00', 'p1', 'Ada', 'v1'),
('other', 'audit_logs', 2, 1, 'a9', '2026-06-01 00:00:00', 'p2', 'Bob', 'v1');

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'r1', 'SECODA_ENTITY', 'customers', null, true),
('acme', 'r1', 'SECODA_ENTITY', 'clients', null, false),
('acme', 'r2', 'SECODA_ENTITY', '', 'Orders', true),
('acme', 't1', 'TAG', 'Gold', null, true),
('acme', 't1', 'TAG', 'Golden', null, false),
('acme', 't2', 'TAG', null, 'Silver', true),
('acme', 'unit', 'CUSTOM_PROPERTY', 'Currency', null, true),
('other', 'r1', 'SECODA_ENTITY', 'foreign', null, true),
('other', 't1', 'TAG', 'Foreign', null, true);

insert into performers (source, performer_id, name, display_name, is_current) values
('acme', 'p1', 'Ada', null, true),
('acme', 'p1', 'Ada B.', null, false),
('other', 'p1', 'Stranger', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
