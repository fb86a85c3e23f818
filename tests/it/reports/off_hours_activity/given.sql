-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- least: 2

delete from ref.working_hours;

insert into ref.working_hours (weekday, begins_at, ends_at, is_assumed) values
(1, '09:00', '17:00', false), (2, '09:00', '17:00', false), (3, '09:00', '17:00', false), (4, '09:00', '17:00', false),
(5, '09:00', '24:00', false);

insert into ref.holidays (holiday) values ('2026-06-10'), ('2026-05-31');

insert into performers (source, performer_id, performer_type, name, is_service_account, is_current) values
('acme', 's1', 'USER', 'loader', true, true),
('acme', 'p1', 'USER', 'Ada', false, true),
('acme', 's2', 'USER', 'Bob', false, true),
('other', 's2', 'USER', 'robot', true, true);

-- Toronto is four hours behind UTC
insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, metadata
) values
-- on the begin of the period it is Sunday evening, which is a holiday, too
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', '{"ip": "203.0.113.8"}'),
('acme', 'audit_logs', 1, 'b', '2026-06-01 01:00:00', 'data_exported', 'p1', 'USER', 'Ada', '{"ip": "203.0.113.8"}'),
-- Monday: a minute too early, and too late
('acme', 'audit_logs', 1, 'c', '2026-06-01 12:59:59', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'd', '2026-06-01 21:00:00', 'user_logged_out', 'p1', 'USER', 'Ada', null),
-- Saturday; a holiday at noon, twice; somebody whose number is a robot's elsewhere
('acme', 'audit_logs', 1, 'e', '2026-06-06 16:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'e2', '2026-06-06 16:01:00', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'f', '2026-06-10 16:00:00', 'user_logged_in', 's2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'f2', '2026-06-10 16:05:00', 'user_logged_in', 's2', 'USER', 'Bob', null),
('other', 'audit_logs', 2, 'x0', '2026-06-06 16:00:00', 'user_logged_in', 'p1', 'USER', 'Eve', null),
('other', 'audit_logs', 2, 'x00', '2026-06-06 16:00:00', 'user_logged_in', 'p1', 'USER', 'Eve', null),
-- none of these: the first and the last minute of work, Friday to midnight, once only, a machine, nobody, the end, before the begin
('acme', 'audit_logs', 1, 'x1', '2026-06-02 13:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x2', '2026-06-02 20:59:59', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x3', '2026-06-06 03:59:59', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x3b', '2026-06-06 03:58:59', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x4', '2026-06-03 03:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x5', '2026-06-06 16:00:00', 'user_logged_in', 's1', 'USER', 'loader', null),
('acme', 'audit_logs', 1, 'x6', '2026-06-06 16:00:00', 'user_logged_in', 's1', 'USER', 'loader', null),
('acme', 'audit_logs', 1, 'x7', '2026-06-06 16:00:00', 'tag_added', 'm1', 'AUTOMATION', 'Tag', null),
('acme', 'audit_logs', 1, 'x8', '2026-06-06 16:00:00', 'tag_added', 'm1', 'AUTOMATION', 'Tag', null),
('acme', 'audit_logs', 1, 'x9', '2026-07-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x10', '2026-07-01 01:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null),
('acme', 'audit_logs', 1, 'x11', '2026-05-31 23:59:59', 'user_logged_in', 'p1', 'USER', 'Ada', null);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
