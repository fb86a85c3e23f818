-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name, event_text, metadata
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'data_exported', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'customers',
    'Exported customers to CSV', '{"format": "csv", "rows": 184220, "ip": "203.0.113.8"}'),
-- another record of that number and time, another one of that time, and the number at another time
('acme', 'resource_logs', 1, 'a', '2026-06-01 00:00:00', 'report_downloaded', 'p1', 'USER', 'Ada', 'q1', 'QUERY', 'orders',
    'Downloaded results', '{"format": "pdf"}'),
('acme', 'audit_logs', 1, 'b', '2026-06-03 00:00:00', 'x', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'Plan', 'Shared Plan', null),
('other', 'audit_logs', 2, 'a', '2026-06-01 00:00:00', 'data_exported', 'p1', 'USER', 'Eve', 't1', 'SECODA_ENTITY', 'customers',
    'Exported customers', '{"format": "xml", "rows": 1}'),
('acme', 'audit_logs', 1, 'x0', '2026-06-01 00:00:00', 'table_viewed', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'customers',
    null, '{"format": "html"}'),
('acme', 'audit_logs', 1, 'a', '2026-05-01 00:00:00', 'table_viewed', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'customers',
    null, '{"format": "html"}'),
-- none of these: brought in, shared no more, a name, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-04 00:00:00', 'data_imported', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'customers', null, null),
('acme', 'audit_logs', 1, 'x2', '2026-06-04 00:00:00', 'x', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'Plan', 'Unshared Plan', null),
('acme', 'audit_logs', 1, 'x3', '2026-06-04 00:00:00', 'x', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'exported', 'Updated exported', null),
('acme', 'audit_logs', 1, 'x4', '2026-07-01 00:00:00', 'data_exported', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'customers', null, null),
('acme', 'audit_logs', 1, 'x5', '2026-05-31 23:59:59', 'data_exported', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', 'customers', null, null);

update activity_logs set event_blocks = [{'type': 'text', 'style': 'normal', 'value': event_text}] where event_text is not null;

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, ip_address, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'exported', 7, 'Priya', 'Exported 50 tickets as JSON', '203.0.113.1', null, null, 'ticket'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'exported', 7, 'Priya', '', null, null, null, 'user'),
('acme', 'audit_logs', 1, 4, '2026-06-13 09:00:00', 'create', 7, 'Priya', '', null, 12, 'Initech', 'sharing_agreement'),
-- none of these: an agreement that changes, something else that is new, a name
('acme', 'audit_logs', 1, 5, '2026-06-14 09:00:00', 'update', 7, 'Priya', 'Status changed', null, 12, 'Initech', 'sharing_agreement'),
('acme', 'audit_logs', 1, 6, '2026-06-14 09:00:00', 'create', 7, 'Priya', '', null, 13, 'Gold', 'rule'),
('acme', 'audit_logs', 1, 3, '2026-06-12 09:00:00', 'update', 7, 'Priya', 'Name changed from Exported 50 tickets', null, 8, 'M', 'user');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
