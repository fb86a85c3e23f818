-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name, event_text
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'user_invited', 'p1', 'USER', 'Ada', 'i1', 'INVITATION_LINK', null, 'Invited bob'),
('acme', 'audit_logs', 1, 'b', '2026-06-02 09:00:00', 'invitation_accepted', 'u2', 'USER', 'Bob', 'i1', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'c', '2026-06-03 09:00:00', 'invitation_revoked', 'p1', 'USER', 'Ada', 'i2', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'd', '2026-06-04 09:00:00', 'user_created', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
-- disabled on the last day of work by the clocks of Toronto, in UTC the day after
('acme', 'audit_logs', 1, 'e', '2026-06-06 03:00:00', 'user_disabled', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', 'Disabled'),
('acme', 'audit_logs', 1, 'f', '2026-06-07 09:00:00', 'user_reactivated', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'g', '2026-06-09 09:00:00', 'user_deleted', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'h', '2026-06-10 09:00:00', 'user_invited', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Fay', null),
-- none of these: a sign-in, another role, a changed user, a team, a key, another source, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-10 09:00:00', 'user_logged_in', 'u2', 'USER', 'Bob', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'x2', '2026-06-10 09:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'x3', '2026-06-10 09:00:00', 'user_updated', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'x4', '2026-06-10 09:00:00', 'team_created', 'p1', 'USER', 'Ada', 't1', 'TEAM', 'Finance', null),
('acme', 'audit_logs', 1, 'x5', '2026-06-10 09:00:00', 'document_created', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'Users', null),
('other', 'audit_logs', 2, 'd', '2026-06-04 09:00:00', 'user_created', 'p1', 'USER', 'Eve', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'x6', '2026-07-01 00:00:00', 'user_created', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'x7', '2026-05-31 23:59:59', 'user_created', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null);

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-11 09:00:00', 'update', 7, 'Priya', 'Suspended', 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 2, '2026-06-12 09:00:00', 'update', 7, 'Priya', 'Unsuspended', 8, 'Marcus', 'user'),
-- a group is no user
('acme', 'audit_logs', 1, 3, '2026-06-12 09:00:00', 'destroy', 7, 'Priya', null, 8, 'Tier 1', 'group');

insert into performers (source, performer_id, performer_type, name, email, is_current) values
('acme', 'u2', 'USER', 'Bob', 'Bob@acme.example', true),
('acme', 'p1', 'USER', 'Ada', 'ada@acme.example', true),
('other', 'u2', 'USER', 'Bob the other', 'cy@acme.example', true),
('acme', '8', 'USER', 'Marcus', null, true);

insert into ref.people (email, name, manager, employed_from, employed_to, privileged) values
('bob@acme.example', 'Bob B.', null, '2020-01-01', '2026-06-05', false),
('ada@acme.example', 'Ada', null, '2019-01-01', null, true),
('cy@acme.example', 'Cy', null, '2018-01-01', '2025-12-31', false),
('marcus@acme.example', 'marcus', null, '2017-01-01', '2026-06-10', false);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
