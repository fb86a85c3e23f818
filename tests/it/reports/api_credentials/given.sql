-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name, metadata
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'api_key_created', 'p1', 'USER', 'Ada', 'k1', 'API_KEY', 'ci', null),
('acme', 'audit_logs', 1, 'b', '2026-06-02 00:00:00', 'api_key_used', 'k1', 'API', 'ci', 'k1', 'API_KEY', 'ci', '{"ip": "203.0.113.9"}'),
-- a key at work on a table, and on a key
('acme', 'audit_logs', 1, 'c', '2026-06-03 00:00:00', 'table_updated', 'k1', 'API', 'ci', 't1', 'SECODA_ENTITY', 'orders',
    '{"ip": "203.0.113.8"}'),
('acme', 'audit_logs', 1, 'd', '2026-06-04 00:00:00', 'api_key_deleted', 'k1', 'API', 'ci', 'k2', 'API_KEY', 'old', null),
('acme', 'audit_logs', 1, 'e', '2026-06-05 00:00:00', 'api_key_renamed', 'p1', 'USER', 'Ada', 'k1', 'API_KEY', 'ci', null),
-- the program was used in the name of a person
('acme', 'audit_logs', 1, 'f', '2026-06-06 00:00:00', 'api_key_used', 'p1', 'USER', 'Ada', 'k3', 'API_KEY', 'own', '{"ip": "203.0.113.7"}'),
('acme', 'audit_logs', 1, 'g', '2026-06-07 00:00:00', 'api_key_deleted', null, null, null, 'k3', 'API_KEY', 'own', null),
-- one that puts an end to itself, and works on what has its number
('acme', 'audit_logs', 1, 'h', '2026-06-08 00:00:00', 'api_key_created', null, null, null, 'k4', 'API_KEY', 'once', null),
('acme', 'audit_logs', 1, 'h1', '2026-06-08 00:00:01', 'api_key_restored', 'p1', 'USER', 'Ada', 'k4', 'API_KEY', 'once', null),
('acme', 'audit_logs', 1, 'h2', '2026-06-08 00:00:02', 'api_key_granted', 'p1', 'USER', 'Ada', 'k4', 'API_KEY', 'once', null),
('acme', 'audit_logs', 1, 'h3', '2026-06-08 00:00:03', 'job_updated', 'k4', 'API', 'once', 'k4', 'JOB', 'once', null),
('acme', 'audit_logs', 1, 'i', '2026-06-09 00:00:00', 'api_key_deleted', 'k4', 'API', 'once', 'k4', 'API_KEY', 'once', null),
-- disabled, enabled again, and used; disabled by somebody, then deleted by nobody knows whom
('acme', 'audit_logs', 1, 'j', '2026-06-10 00:00:00', 'api_key_disabled', 'p1', 'USER', 'Ada', 'k5', 'API_KEY', 'paused', null),
('acme', 'audit_logs', 1, 'k', '2026-06-10 00:00:01', 'api_key_enabled', 'p1', 'USER', 'Ada', 'k5', 'API_KEY', 'paused', null),
('acme', 'audit_logs', 1, 'l', '2026-06-10 00:00:02', 'table_viewed', 'k5', 'API', 'paused', 't1', 'SECODA_ENTITY', 'orders', null),
('acme', 'audit_logs', 1, 'm', '2026-06-10 00:00:03', 'api_key_disabled', 'p1', 'USER', 'Ada', 'k6', 'API_KEY', 'gone', null),
('acme', 'audit_logs', 1, 'n', '2026-06-10 00:00:04', 'api_key_deleted', null, null, null, 'k6', 'API_KEY', 'gone', null),
-- none of these: what people do to other things, another source, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-07 00:00:00', 'document_created', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'API_KEY', null),
('other', 'audit_logs', 2, 'x2', '2026-06-07 00:00:00', 'api_key_created', 'p1', 'USER', 'Eve', 'k1', 'API_KEY', 'theirs', null),
('acme', 'audit_logs', 1, 'x3', '2026-07-01 00:00:00', 'api_key_deleted', 'p1', 'USER', 'Ada', 'k1', 'API_KEY', 'ci', null),
('acme', 'audit_logs', 1, 'x4', '2026-05-31 23:59:59', 'api_key_used', 'k1', 'API', 'ci', 'k1', 'API_KEY', 'ci', '{"ip": "203.0.113.1"}');

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'create', 7, 'Priya', 'API token backfill created', 31, 'backfill', 'apitoken'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'destroy', 7, null, null, 31, 'backfill', 'api_token'),
('acme', 'audit_logs', 1, 3, '2026-06-12 09:00:00', 'destroy', 7, 'Priya', null, 31, 'a rule', 'rule'),
-- of one number with the token
('acme', 'audit_logs', 1, 4, '2026-06-13 09:00:00', 'create', 7, 'Priya', null, 31, 'portal', 'oauth_client');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
