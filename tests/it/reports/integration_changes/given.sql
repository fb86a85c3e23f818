-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type, resource_name
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'integration_created', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'b', '2026-06-02 00:00:00', 'integration_settings_updated', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'c', '2026-06-03 00:00:00', 'integration_disabled', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'd', '2026-06-04 00:00:00', 'integration_enabled', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'e', '2026-06-05 00:00:00', 'integration_deleted', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
-- no rule knows the word
('acme', 'audit_logs', 1, 'f', '2026-06-06 00:00:00', 'frobnicated', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'g', '2026-06-06 01:00:00', 'tag_added', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'h', '2026-06-06 02:00:00', 'tag_removed', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
-- settings of its daily work
('acme', 'audit_logs', 1, 'i', '2026-06-06 03:00:00', 'integration_sync_schedule_updated', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'j', '2026-06-06 04:00:00', 'extraction_settings_updated', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
-- none of these: its daily work, other things, another source, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-07 00:00:00', 'integration_synced', 'i1', 'INTEGRATION', 'Snowflake', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'x2', '2026-06-07 00:00:00', 'user_created', 'p1', 'USER', 'Ada', 'u1', 'USER', 'Integration'),
('acme', 'audit_logs', 1, 'x3', '2026-06-07 00:00:00', 'document_updated', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'Integration'),
('other', 'audit_logs', 2, 'x4', '2026-06-07 00:00:00', 'integration_created', 'p1', 'USER', 'Eve', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'x5', '2026-07-01 00:00:00', 'integration_created', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake'),
('acme', 'audit_logs', 1, 'x6', '2026-05-31 23:59:59', 'integration_created', 'p1', 'USER', 'Ada', 'i1', 'INTEGRATION', 'Snowflake');

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, ip_address, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'create', 7, 'Priya', 'Installed Slack', '203.0.113.1', 77, 'Slack',
    'zendesk/app_market/app'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'update', 7, 'Priya', 'Name changed', null, 4, 'Slack', 'rule');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
