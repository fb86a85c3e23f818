-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- days: 20

insert into performers (
    source, performer_id, performer_type, name, display_name, email, disabled, first_observed_at, last_observed_at, is_current
) values
-- silent since before the border
('acme', 'p1', 'USER', 'Ada', null, 'ada@acme.example', false, '2026-01-01', '2026-05-01', true),
('acme', 'p1', 'USER', 'Ada of before', null, null, true, '2025-01-01', '2025-12-31', false),
-- silent then, and back after the period
('acme', 'p2', 'API', '', 'ci', null, null, '2026-01-01', '2026-07-10', true),
('other', 'p1', 'USER', 'Eve', null, null, false, '2026-01-01', '2026-05-02', true),
-- let in again, whatever was seen of them before; shut out after the period
('acme', 'p6', 'USER', 'Gus', null, null, false, '2026-01-01', '2026-04-02', true),
('acme', 'p7', 'USER', 'Hal', null, null, true, '2026-01-01', '2026-04-03', true),
('acme', 'p8', 'USER', 'Ida', null, null, false, '2026-01-01', '2026-04-04', true),
-- none of these: active on the border, first seen after it, disabled; disabled and deleted by somebody
('acme', 'p3', 'USER', 'Cy', null, null, false, '2026-01-01', '2026-07-10', true),
('acme', 'p4', 'USER', 'Di', null, null, false, '2026-06-12', '2026-07-10', true),
('acme', 'p5', 'USER', 'Fay', null, null, true, '2026-01-01', '2026-04-01', true),
('acme', 'p9', 'USER', 'Joe', null, null, false, '2026-01-01', '2026-04-05', true),
('acme', '7', 'USER', 'Kim', null, null, false, '2026-01-01', '2026-04-06', true);

insert into activity_logs (source, stream, load, id, logged_at, activity_type, performer_id, performer_type) values
('acme', 'audit_logs', 1, 'a', '2026-06-11 00:00:00', 'x', 'p3', 'USER'),
-- active before the border and after the period; somebody of the same number elsewhere
('acme', 'audit_logs', 1, 'b', '2026-06-10 23:59:59', 'x', 'p1', 'USER'),
('acme', 'audit_logs', 1, 'c', '2026-07-01 00:00:00', 'x', 'p2', 'API'),
('other', 'audit_logs', 1, 'd', '2026-06-20 00:00:00', 'x', 'p2', 'API');

insert into activity_logs (source, stream, load, id, logged_at, activity_type, performer_id, performer_type, resource_id, resource_type) values
('acme', 'audit_logs', 1, 'e', '2026-04-10 00:00:00', 'user_disabled', 'p3', 'USER', 'p6', 'USER'),
('acme', 'audit_logs', 1, 'f', '2026-04-11 00:00:00', 'user_enabled', 'p3', 'USER', 'p6', 'USER'),
('acme', 'audit_logs', 1, 'g', '2026-04-11 00:00:00', 'user_restored', 'p3', 'USER', 'p7', 'USER'),
('acme', 'audit_logs', 1, 'h', '2026-07-01 00:00:00', 'user_disabled', 'p3', 'USER', 'p8', 'USER'),
-- what is done to one of the same number elsewhere, or to another thing, tells nothing; nor does another act
('other', 'audit_logs', 1, 'i', '2026-04-12 00:00:00', 'user_disabled', 'p3', 'USER', 'p2', 'USER'),
('acme', 'audit_logs', 1, 'j', '2026-04-12 00:00:00', 'team_deleted', 'p3', 'USER', 'p6', 'TEAM'),
('acme', 'audit_logs', 1, 'k', '2026-04-13 00:00:00', 'user_disabled', 'p3', 'USER', 'p9', 'USER'),
('acme', 'audit_logs', 1, 'l', '2026-04-14 00:00:00', 'user_updated', 'p3', 'USER', 'p9', 'USER');

insert into zendesk_audit_logs (source, stream, load, id, created_at, action, actor_id, change_description, source_id, source_type) values
('acme', 'audit_logs', 1, 1, '2026-04-13 00:00:00', 'destroy', 8, null, 7, 'user');

insert into ref.people (email, name, manager, employed_to, privileged) values
('ada@acme.example', 'Ada', 'Grace', '2026-05-31', false), ('eve@acme.example', 'Eve', 'Heidi', null, false);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
