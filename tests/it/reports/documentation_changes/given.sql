-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into version_histories (source, stream, load, revision, id, created_at, resource_id, secoda_entity_type, previous, current, description_diff
) values
('acme', 'resource_logs', 1, 1, 'v1', '2026-06-01 00:00:00', 'r1', 'metric', '{"description": "sum"}', '{"description": "sum, net"}', null),
-- written, and taken away
('acme', 'resource_logs', 1, 1, 'v2', '2026-06-12 09:00:00', 'r2', 'dictionary_term', '{"description": null}', '{"description": "a \"term\""}', '{}'),
('acme', 'resource_logs', 1, 1, 'v3', '2026-06-13 09:00:00', 'r2', 'dictionary_term', '{"description": "a term"}', '{"description": ""}', null),
-- only the difference tells it; a text that is no string
('acme', 'resource_logs', 1, 1, 'v4', '2026-06-14 09:00:00', 'r3', 'query', null, null, '{"old": "select 1", "new": "select 2"}'),
('acme', 'resource_logs', 1, 1, 'v5', '2026-06-30 23:59:59.999999', 'r3', 'query', '{"description": {"text": "a"}}', '{"description": {"text": "b"}}', null),
-- none of these: nothing became an empty text, the same, something else, before the period, its end, another source
('acme', 'resource_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'r5', 'table', '{"description": null}', '{"description": ""}', null),
('acme', 'resource_logs', 1, 1, 'x2', '2026-06-10 09:00:00', 'r6', 'table', '{"description": "a"}', '{"description": "a"}', null),
('acme', 'resource_logs', 1, 1, 'x3', '2026-06-10 09:00:00', 'r6', 'table', '{"title": "a"}', '{"title": "b"}', null),
('acme', 'resource_logs', 1, 1, 'x4', '2026-05-31 23:59:59.999999', 'r7', 'table', '{"description": "a"}', '{"description": "b"}', null),
('acme', 'resource_logs', 1, 1, 'x5', '2026-07-01 00:00:00', 'r8', 'table', '{"description": "a"}', '{"description": "b"}', null),
('other', 'resource_logs', 2, 1, 'v1', '2026-06-10 09:00:00', 'r1', 'table', '{"description": "a"}', '{"description": "b"}', null);

insert into activity_logs (source, stream, load, revision, id, logged_at, performer_id, performer_name, version_history_id) values
('acme', 'audit_logs', 1, 1, 'a1', '2026-06-01 00:00:00', 'p1', 'Ada', 'v1'),
('acme', 'audit_logs', 1, 1, 'a2', '2026-06-01 00:00:01', 'p1', 'Ada', 'v1'),
-- two people made one version, and nobody another, so nobody is named; another source's version has the same number
('acme', 'audit_logs', 1, 1, 'a3', '2026-06-12 09:00:00', 'p1', 'Ada', 'v2'),
('acme', 'audit_logs', 1, 1, 'a4', '2026-06-12 09:00:01', 'p2', 'Bob', 'v2'),
('acme', 'audit_logs', 1, 1, 'a5', '2026-06-13 09:00:00', 'p1', 'Ada', 'v3'),
('acme', 'audit_logs', 1, 1, 'a6', '2026-06-13 09:00:01', null, null, 'v3'),
('acme', 'audit_logs', 1, 1, 'a7', '2026-06-14 09:00:00', 'p2', 'Bob', 'v4'),
('other', 'audit_logs', 2, 1, 'a8', '2026-06-10 09:00:00', 'p2', 'Bob', 'v1');

insert into performers (source, performer_id, name, display_name, is_current) values
('acme', 'p1', 'Ada C.', null, true),
('acme', 'p1', 'Ada B.', null, false),
('acme', 'p2', '', 'Bobby', true),
('other', 'p1', 'Stranger', null, true);

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'r1', 'METRIC', 'revenue', null, true),
('acme', 'r1', 'METRIC', 'income', null, false),
('acme', 'r2', 'SECODA_ENTITY', '', 'Churn', true),
('other', 'r1', 'METRIC', 'foreign', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
