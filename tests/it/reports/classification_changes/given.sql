-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into version_histories (source, stream, load, revision, id, created_at, resource_id, secoda_entity_type, previous, current, snapshot_verified, snapshot_published, snapshot_archived
) values
('acme', 'resource_logs', 1, 1, 'v1', '2026-06-01 00:00:00', 'r1', 'table', '{"verified": false}', '{"verified": true}', true, true, false),
-- two at once, one of which only the snapshot tells
('acme', 'resource_logs', 1, 1, 'v2', '2026-06-12 09:00:00', 'r1', 'table', '{"verified": true}', '{"verified": false}',
    false, false, false),
('acme', 'resource_logs', 1, 1, 'v3', '2026-06-13 09:00:00', 'r2', 'document', '{"published": null}', '{"published": true}', null, null, null),
('acme', 'resource_logs', 1, 1, 'v4', '2026-06-14 09:00:00', 'r3', 'dashboard', '{"archived": false}', '{"archived": true}', null, null, null),
('acme', 'resource_logs', 1, 1, 'v5', '2026-06-30 23:59:59.999999', 'r3', 'dashboard', '{"archived": true}', '{"archived": false}',
    null, null, null),
-- only the snapshots tell it, the first of them from before the period
('acme', 'resource_logs', 1, 1, 'v6', '2026-05-20 09:00:00', 'r10', 'table', '{}', '{}', false, null, null),
('acme', 'resource_logs', 1, 1, 'v7', '2026-06-15 09:00:00', 'r10', 'table', '{}', '{}', true, null, null),
-- none of these: as it was before the period, whatever its namesake elsewhere was
('acme', 'resource_logs', 1, 1, 'v8', '2026-05-20 09:00:00', 'r9', 'table', '{}', '{}', true, null, null),
('acme', 'resource_logs', 1, 1, 'v9', '2026-06-14 09:00:00', 'r9', 'table', '{}', '{}', true, null, null),
('other', 'resource_logs', 2, 1, 'v9', '2026-05-20 09:00:00', 'r9', 'table', '{}', '{}', false, null, null),
-- never was so, another mark, before the period, its end, another source
('acme', 'resource_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'r5', 'table', '{"verified": null}', '{"verified": false}', null, null, null),
('acme', 'resource_logs', 1, 1, 'x2', '2026-06-10 09:00:00', 'r6', 'table', '{"pii": false}', '{"pii": true}', null, null, null),
('acme', 'resource_logs', 1, 1, 'x3', '2026-05-31 23:59:59.999999', 'r7', 'table', '{"verified": false}', '{"verified": true}',
    null, null, null),
('acme', 'resource_logs', 1, 1, 'x4', '2026-07-01 00:00:00', 'r8', 'table', '{"archived": false}', '{"archived": true}', null, null, null),
('other', 'resource_logs', 2, 1, 'x5', '2026-06-10 09:00:00', 'r1', 'table', '{"archived": false}', '{"archived": true}', null, null, null);

insert into activity_logs (source, stream, load, revision, id, logged_at, performer_id, performer_name, version_history_id) values
('acme', 'audit_logs', 1, 1, 'a1', '2026-06-01 00:00:00', 'p1', 'Ada', 'v1'),
('other', 'audit_logs', 2, 1, 'a9', '2026-06-01 00:00:00', 'p2', 'Bob', 'v1');

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'r1', 'SECODA_ENTITY', 'customers', null, true),
('acme', 'r1', 'SECODA_ENTITY', 'clients', null, false),
('acme', 'r2', 'SECODA_ENTITY', '', 'How we count', true),
('other', 'r1', 'SECODA_ENTITY', 'foreign', null, true);

insert into performers (source, performer_id, name, display_name, is_current) values
('acme', 'p1', 'Ada', null, true),
('acme', 'p1', 'Ada B.', null, false),
('other', 'p1', 'Stranger', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
