-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into version_histories (source, stream, load, revision, id, created_at, resource_id, secoda_entity_type, previous, current, snapshot_pii
) values
-- on the begin of the period; then taken off again
('acme', 'resource_logs', 1, 1, 'v1', '2026-06-01 00:00:00', 'r1', 'table', '{"pii": false}', '{"pii": true}', true),
('acme', 'resource_logs', 1, 1, 'v2', '2026-06-12 06:40:00', 'r1', 'table', '{"pii": true}', '{"pii": false}', false),
-- only the snapshots tell it, the first of them from before the period
('acme', 'resource_logs', 1, 1, 'v3', '2026-05-20 09:00:00', 'r2', 'column', '{}', '{}', true),
('acme', 'resource_logs', 1, 1, 'v4', '2026-06-14 09:00:00', 'r2', 'column', '{}', '{}', false),
-- from unknown to marked, from marked to unknown
('acme', 'resource_logs', 1, 1, 'v5', '2026-06-15 09:00:00', 'r3', 'column', '{"pii": null}', '{"pii": true}', null),
('acme', 'resource_logs', 1, 1, 'v6', '2026-06-30 23:59:59.999999', 'r4', 'query', '{"pii": true}', '{"pii": null}', null),
-- none of these: as it was before the period, whatever its namesake elsewhere was
('acme', 'resource_logs', 1, 1, 'v7', '2026-05-20 09:00:00', 'r9', 'column', '{}', '{}', true),
('acme', 'resource_logs', 1, 1, 'v8', '2026-06-14 09:00:00', 'r9', 'column', '{}', '{}', true),
('other', 'resource_logs', 2, 1, 'v9', '2026-05-20 09:00:00', 'r9', 'column', '{}', '{}', false),
-- never was one, something else was taken off, the same as before, before the period, its end, another source
('acme', 'resource_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'r5', 'column', '{"pii": null}', '{"pii": false}', false),
('acme', 'resource_logs', 1, 1, 'x2', '2026-06-10 09:00:00', 'r6', 'table', '{"verified": true}', '{"verified": false}', true),
('acme', 'resource_logs', 1, 1, 'x3', '2026-06-11 09:00:00', 'r6', 'table', '{"title": "a"}', '{"title": "b"}', true),
('acme', 'resource_logs', 1, 1, 'x4', '2026-05-31 23:59:59.999999', 'r7', 'table', '{"pii": true}', '{"pii": false}', false),
('acme', 'resource_logs', 1, 1, 'x5', '2026-07-01 00:00:00', 'r8', 'table', '{"pii": true}', '{"pii": false}', false),
('other', 'resource_logs', 2, 1, 'x6', '2026-06-10 09:00:00', 'r1', 'table', '{"pii": true}', '{"pii": false}', false);

insert into activity_logs (source, stream, load, revision, id, logged_at, performer_id, performer_name, version_history_id) values
('acme', 'audit_logs', 1, 1, 'a1', '2026-06-01 00:00:00', 'p1', 'Ada', 'v1'),
-- two people made one version, so nobody is named
('acme', 'audit_logs', 1, 1, 'a2', '2026-06-14 09:00:00', 'p1', 'Ada', 'v4'),
('acme', 'audit_logs', 1, 1, 'a3', '2026-06-14 09:00:01', 'p2', 'Bob', 'v4'),
-- a version of another source has the same number
('other', 'audit_logs', 2, 1, 'a9', '2026-06-01 00:00:00', 'p2', 'Bob', 'v1');

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'r1', 'SECODA_ENTITY', 'customers', null, true),
('acme', 'r1', 'SECODA_ENTITY', 'clients', null, false),
('acme', 'r2', 'SECODA_ENTITY', '', 'E-mail', true),
('other', 'r1', 'SECODA_ENTITY', 'foreign', null, true);

insert into performers (source, performer_id, name, display_name, is_current) values
('acme', 'p1', 'Ada', null, true),
('acme', 'p1', 'Ada B.', null, false),
('other', 'p1', 'Stranger', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
