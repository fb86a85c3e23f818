-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name, related_resource_ids, related_resource_type, event_text
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'resources_deleted', 'p1', 'USER', 'Ada', null, null, null, ['r1', 'r2', 'r3'],
    'SECODA_ENTITY', 'Deleted 2 resources'),
-- another record of that number
('acme', 'resource_logs', 1, 'a', '2026-06-02 00:00:00', 'table_deleted', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', ['r1', 'r2'],
    'SECODA_ENTITY', null),
-- more than it names
('acme', 'audit_logs', 1, 'a2', '2026-06-02 00:00:01', 'resources_deleted', 'p1', 'USER', 'Ada', null, null, null, ['r1', 'r2', 'r3'],
    'SECODA_ENTITY', 'Deleted 40 resources'),
('acme', 'audit_logs', 1, 'b', '2026-06-03 00:00:00', 'table_deleted', 'p1', 'USER', 'Ada', 't2', 'SECODA_ENTITY', '40 tables', null, null,
    'Deleted 7 Tables'),
('other', 'audit_logs', 2, 'a', '2026-06-01 00:00:00', 'resources_deleted', 'p1', 'USER', 'Eve', null, null, null, ['r1'], 'SECODA_ENTITY',
    null),
-- what had the number of the first before and after the period touched is not counted
('acme', 'audit_logs', 1, 'a', '2026-05-31 23:59:59', 'tags_added', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', ['r1'], 'TAG', null),
('acme', 'audit_logs', 1, 'a', '2026-07-01 00:00:00', 'tags_added', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', ['r1'], 'TAG', null),
-- none of these: taken off something, archived, restored, a name, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-04 00:00:00', 'tag_removed', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', null, null, null),
('acme', 'audit_logs', 1, 'x2', '2026-06-04 00:00:00', 'table_archived', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', null, null,
    null),
('acme', 'audit_logs', 1, 'x3', '2026-06-04 00:00:00', 'table_restored', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'deleted', null, null,
    'Restored deleted'),
('acme', 'audit_logs', 1, 'x4', '2026-07-01 00:00:00', 'table_deleted', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', null, null, null),
('acme', 'audit_logs', 1, 'x5', '2026-05-31 23:59:59', 'table_deleted', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', null, null, null);

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'destroy', 7, 'Priya', 'Ticket #184220 deleted', 4, 'Ticket #4', 'ticket'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'update', -1, null, 'Automatically finished 30-day deletion for 12 users', 1, 'acme',
    'account'),
('acme', 'audit_logs', 1, 3, '2026-06-13 09:00:00', 'update', 7, 'Priya', 'Redacted a comment of Marcus', 4, 'Ticket #4', 'ticket'),
('acme', 'audit_logs', 1, 5, '2026-06-13 10:00:00', 'destroy', 7, 'Priya', 'Automation Close after 30 days deleted', 9, 'Close', 'rule'),
('acme', 'audit_logs', 1, 4, '2026-06-13 09:00:00', 'update', 7, 'Priya', 'Suspended', 8, 'Marcus', 'user');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
