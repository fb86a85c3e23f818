-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- least: 3

insert into activity_logs (
    source, stream, load, id, parent_id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name, related_resource_ids, related_resource_type, event_text
) values
-- the things it names as touched count, and not the number in its text
('acme', 'audit_logs', 1, 'a', null, '2026-06-01 00:00:00', 'resources_deleted', 'p1', 'USER', 'Ada', null, null, null, ['r1', 'r2', 'r3'],
    'SECODA_ENTITY', 'Deleted 2 resources'),
('acme', 'resource_logs', 1, 'a', null, '2026-06-02 00:00:00', 'tags_added', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders',
    ['r1', 'r2', 'r3', 'r4'], 'TAG', null),
('acme', 'audit_logs', 1, 'b', null, '2026-06-03 00:00:00', 'resources_updated', 'p1', 'USER', 'Ada', null, null, null, null, null,
    'Updated 37 resources'),
-- of that number and time, and nothing of the kind
('acme', 'resource_logs', 1, 'b', null, '2026-06-03 00:00:00', 'table_viewed', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', null, null,
    null),
-- the steps that follow it, the last after the period
('acme', 'audit_logs', 1, 'c', null, '2026-06-30 23:00:00', 'automation_triggered', 'm1', 'AUTOMATION', 'Tag', 'm1', 'AUTOMATION', 'Tag', null,
    null, 'Triggered automation'),
('acme', 'audit_logs', 1, 'c1', 'c', '2026-06-30 23:00:01', 'tag_added', 'm1', 'AUTOMATION', 'Tag', 't1', 'SECODA_ENTITY', null, null, null, null),
('acme', 'audit_logs', 1, 'c2', 'c', '2026-06-30 23:00:02', 'tag_added', 'm1', 'AUTOMATION', 'Tag', 't2', 'SECODA_ENTITY', null, null, null, null),
('acme', 'audit_logs', 1, 'c3', 'c', '2026-07-01 00:00:00', 'tag_added', 'm1', 'AUTOMATION', 'Tag', 't3', 'SECODA_ENTITY', null, null, null, null),
('acme', 'resource_logs', 1, 'c', null, '2026-06-05 00:00:00', 'tag_added', 'm1', 'AUTOMATION', 'Tag', 't3', 'SECODA_ENTITY', null, null, null,
    null),
('other', 'audit_logs', 2, 'a', null, '2026-06-01 00:00:00', 'resources_deleted', 'p1', 'USER', 'Eve', null, null, null,
    ['r1', 'r2', 'r3', 'r4', 'r5'], 'SECODA_ENTITY', null),
('other', 'audit_logs', 2, 'c', null, '2026-06-01 00:00:00', 'automation_triggered', 'm1', 'AUTOMATION', 'Tag', null, null, null, null, null, null),
-- what had the number of the first before and after the period, and its steps, are not counted
('acme', 'audit_logs', 1, 'a', null, '2026-05-31 23:59:59', 'tags_added', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', ['r1'], 'TAG', null),
('acme', 'audit_logs', 1, 'a', null, '2026-07-01 00:00:00', 'tags_added', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'orders', ['r1'], 'TAG', null),
('acme', 'audit_logs', 1, 'c0', 'c', '2026-05-31 23:59:59', 'tag_added', 'm1', 'AUTOMATION', 'Tag', 't3', 'SECODA_ENTITY', null, null, null, null),
-- none of these: one too few; numbers that count nothing, and a duration; the end of the period, before it
('acme', 'audit_logs', 1, 'x1', null, '2026-06-04 00:00:00', 'resources_deleted', 'p1', 'USER', 'Ada', null, null, null, ['r1', 'r2'],
    'SECODA_ENTITY', 'Deleted 2 resources'),
('acme', 'audit_logs', 1, 'x2', null, '2026-06-04 00:00:00', 'table_updated', 'p1', 'USER', 'Ada', null, null, null, null, null,
    'Updated 2024 Plan'),
('acme', 'audit_logs', 1, 'x3', null, '2026-07-01 00:00:00', 'resources_updated', 'p1', 'USER', 'Ada', null, null, null, null, null,
    'Updated 37 resources'),
('acme', 'audit_logs', 1, 'x4', null, '2026-05-31 23:59:59', 'resources_updated', 'p1', 'USER', 'Ada', null, null, null, null, null,
    'Updated 37 resources');

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'destroy', 7, 'Priya', 'Ticket #184220 deleted', 4, 'Ticket #4', 'ticket'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'update', -1, null, 'Automatically finished 30-day deletion for 12 users', 1, 'acme',
    'account'),
('acme', 'audit_logs', 1, 3, '2026-06-13 09:00:00', 'update', 7, 'Priya', 'Session expiration changed from 30 minutes to 480 minutes', 1,
    'Session', 'account_setting'),
('acme', 'audit_logs', 1, 4, '2026-06-13 10:00:00', 'update', 7, 'Priya', 'After 30 days closed 25 tickets', 1, 'Close', 'rule');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
