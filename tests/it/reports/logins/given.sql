-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, event_text, metadata, resource_id, resource_type
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', 'Logged in', '{"ip": "203.0.113.8"}', null, null),
-- by the clocks of Toronto on the last day of work, and after it
('acme', 'audit_logs', 1, 'b', '2026-06-06 03:59:59', 'user_logged_in', 'p2', 'USER', 'Bob', 'Logged in', null, null, null),
('acme', 'audit_logs', 1, 'c', '2026-06-06 04:00:00', 'user_logged_in', 'p2', 'USER', 'Bob', 'Logged in', null, null, null),
-- nobody knows by whom
('acme', 'audit_logs', 1, 'd', '2026-06-07 00:00:00', 'login_failed', null, null, null, 'Failed to log in', '{"ip": "203.0.113.9"}', 'p2', 'USER'),
-- none of these: signing out, use of a key, a name, another source, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-07 00:00:00', 'user_logged_out', 'p1', 'USER', 'Ada', 'Logged out', null, null, null),
('acme', 'audit_logs', 1, 'x2', '2026-06-07 00:00:00', 'api_key_used', 'k1', 'API', 'ci', 'Read', null, null, null),
('acme', 'audit_logs', 1, 'x3', '2026-06-07 00:00:00', 'document_created', 'p1', 'USER', 'Ada', 'Created Logged in', null, null, null),
('other', 'audit_logs', 2, 'x4', '2026-06-08 00:00:00', 'user_logged_in', 'p2', 'USER', 'Eve', 'Logged in', null, null, null),
('acme', 'audit_logs', 1, 'x5', '2026-07-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', 'Logged in', null, null, null),
('acme', 'audit_logs', 1, 'x6', '2026-05-31 23:59:59', 'user_logged_in', 'p1', 'USER', 'Ada', 'Logged in', null, null, null);

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, ip_address, source_id, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'login', 7, 'Priya', 'Successful sign-in using JWT', '198.51.100.1', 7, 'user'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'login', 7, 'Priya', 'Failed sign-in using Zendesk password', '203.0.113.1', 7, 'user');

insert into performers (source, performer_id, performer_type, name, email, is_current) values
('acme', 'p1', 'USER', 'Ada', 'ada@acme.example', true),
('acme', 'p2', 'USER', 'Bob', 'bob@acme.example', true),
('acme', '7', 'USER', 'Priya', null, true),
('other', 'p2', 'USER', 'Eve', 'eve@acme.example', true);

insert into ref.people (email, name, employed_to, privileged) values
('bob@acme.example', 'Bob', '2026-06-05', false),
('ada@acme.example', 'Ada', null, false),
('eve@acme.example', 'Eve', null, false),
('priya@acme.example', 'Priya', '2026-06-30', false);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
