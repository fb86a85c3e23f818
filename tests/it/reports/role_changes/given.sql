-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name, related_resource_ids, related_resource_type, event_text, metadata
) values
-- before the period: what the role was
('acme', 'audit_logs', 1, 'r0', '2026-05-20 09:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', ['g0'], 'IAM_ROLE',
    'Changed role of Bob', null),
-- on its begin; the role has a name of now, and one of before
('acme', 'audit_logs', 1, 'r1', '2026-06-01 00:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', ['g1'], 'IAM_ROLE',
    'Changed role of Bob to nothing of this', '{"ip": "198.51.100.7"}'),
-- another record of the same number and time
('acme', 'resource_logs', 1, 'r1', '2026-06-01 00:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u3', 'USER', 'Cy', ['g0', 'g2'],
    'IAM_ROLE', null, null),
-- what it touched is no role: the text tells it; by themselves
('acme', 'audit_logs', 1, 'r2', '2026-06-03 09:00:00', 'role_assigned', 'u2', 'USER', 'Bob', 'u2', 'USER', 'Bob', ['t1'], 'TEAM',
    'Changed role of Bob to Admin', null),
-- a role that nothing names
('acme', 'audit_logs', 1, 'r3', '2026-06-04 09:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u4', 'USER', 'Di', ['zz'], 'IAM_ROLE',
    null, null),
-- a person whose name only their description tells
('acme', 'audit_logs', 1, 'r5', '2026-06-05 07:00:00', 'role_changed', 'p1', 'USER', 'Ada', 'u8', 'USER', null, null, null, null, null),
-- a role that nothing tells
('acme', 'audit_logs', 1, 'r4', '2026-06-05 08:00:00', 'role_changed', 'p1', 'USER', 'Ada', 'u4', 'USER', 'Di', null, null, null, null),
-- given, taken and given again, in all the words for it
('acme', 'audit_logs', 1, 's1', '2026-06-16 01:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g1'], 'IAM_ROLE', null, null),
('acme', 'audit_logs', 1, 's2', '2026-06-16 02:00:00', 'role_unassigned', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g1'], 'IAM_ROLE', null, null),
('acme', 'audit_logs', 1, 's3', '2026-06-16 03:00:00', 'UPDATE', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g3'], 'IAM_ROLE',
    'Updated role of Ed to Admin', null),
('acme', 'audit_logs', 1, 's4', '2026-06-16 04:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g5'], 'IAM_ROLE', null, null),
('acme', 'audit_logs', 1, 's5', '2026-06-16 05:00:00', 'role_granted', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g1'], 'IAM_ROLE', null, null),
('acme', 'audit_logs', 1, 's6', '2026-06-16 06:00:00', 'role_removed', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g5'], 'IAM_ROLE', null, null),
('acme', 'audit_logs', 1, 's7', '2026-06-16 07:00:00', 'role_added', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g2'], 'IAM_ROLE', null, null),
('acme', 'audit_logs', 1, 's8', '2026-06-16 08:00:00', 'user_role_updated', 'p1', 'USER', 'Ada', 'u5', 'USER', 'Ed', ['g0'], 'IAM_ROLE', null, null),
-- taken, though nothing tells when it was given
('acme', 'audit_logs', 1, 's9', '2026-06-16 09:00:00', 'role_unassigned', 'p1', 'USER', 'Ada', 'u6', 'USER', 'Flo', ['g2'], 'IAM_ROLE', null, null),
('other', 'audit_logs', 2, 'r1', '2026-06-01 00:00:00', 'role_assigned', 'p1', 'USER', 'Eve', 'u2', 'USER', 'Bob', ['g2'], 'IAM_ROLE',
    null, null),
-- the number at another time
('acme', 'audit_logs', 1, 'r1', '2026-06-02 00:00:00', 'team_viewed', 'p1', 'USER', 'Ada', 't1', 'TEAM', 'Finance', null, null, null, null),
-- none of these: another change of a person, a sign-in with their role, added to a team, a role itself, the end of the period
('acme', 'audit_logs', 1, 'x1', '2026-06-05 09:00:00', 'users_added_to_team', 'p1', 'USER', 'Ada', 't1', 'TEAM', 'Finance', ['u2'],
    'USER', 'Added users to team', null),
('acme', 'audit_logs', 1, 'x4', '2026-06-05 08:00:00', 'user_updated', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', ['t1'], 'TEAM', null, null),
('acme', 'audit_logs', 1, 'x5', '2026-06-05 09:00:00', 'user_logged_in', 'u2', 'USER', 'Bob', 'u2', 'USER', 'Bob', ['g1'], 'IAM_ROLE', null,
    null),
('acme', 'audit_logs', 1, 'x2', '2026-06-05 09:00:00', 'role_changed', 'p1', 'USER', 'Ada', 'g1', 'IAM_ROLE', 'Editor', null, null,
    'Changed role', null),
('acme', 'audit_logs', 1, 'x3', '2026-07-01 00:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', ['g1'], 'IAM_ROLE',
    null, null);

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, ip_address, source_id, source_label,
    source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-10 09:00:00', 'update', 7, 'Priya', 'Role changed from Agent to Administrator', '198.51.100.22',
    8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 2, '2026-06-11 09:00:00', 'update', 7, 'Priya',
    E'Name changed from M. to Marcus\nCustom role changed from Light agent to Advisor\nEmail changed from a to b', null, 8, 'Marcus',
    'user'),
('acme', 'audit_logs', 1, 3, '2026-06-12 09:00:00', 'update', 7, 'Priya', 'Role downgraded from Administrator to Agent', null, 9,
    'Olga', 'user'),
-- under a change that has an action of its own
('acme', 'audit_logs', 1, 7, '2026-06-12 10:00:00', 'update', 7, 'Priya', E'Suspended\nRole changed from Agent to Contributor', null, 9,
    'Olga', 'user'),
-- none of these: a name, the owner of the account, a rule
('acme', 'audit_logs', 1, 4, '2026-06-13 09:00:00', 'update', 7, 'Priya', 'Name changed from Role changed from A to B', null, 8,
    'Marcus', 'user'),
('acme', 'audit_logs', 1, 5, '2026-06-14 09:00:00', 'update', 7, 'Priya', 'Owner changed from Ada to Bob', null, 1, 'acme', 'account'),
('acme', 'audit_logs', 1, 6, '2026-06-15 09:00:00', 'update', 7, 'Priya', 'Role changed from Agent to Administrator', null, 8, 'A rule',
    'rule');

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'g0', 'IAM_ROLE', 'Viewer', null, true),
('acme', 'u8', 'USER', 'Gus', null, true),
('acme', 'g1', 'IAM_ROLE', '', 'Editor', true),
('acme', 'g1', 'IAM_ROLE', 'Editors of before', null, false),
('acme', 'g2', 'IAM_ROLE', 'Auditor', null, true),
('acme', 't1', 'TEAM', 'Finance', null, true),
('other', 'g1', 'IAM_ROLE', 'Foreign', null, true),
('other', 'g2', 'IAM_ROLE', 'Guest', null, true),
('acme', '9', 'user', 'Team member: Olga', null, true),
('acme', '9', 'user', 'Customer: Olga', null, false),
('other', '9', 'user', 'Stranger', null, true),
('acme', '8', 'rule', 'Close after 4 days', null, true);

insert into performers (source, performer_id, name, display_name, email, is_current) values
('acme', 'p1', 'Ada', null, 'ada@acme.example', true),
('acme', 'p1', 'Ada of before', null, null, false),
('other', 'p1', 'Eve', null, null, true),
('acme', 'u2', '', 'Bob', null, true),
('acme', 'u2', 'Bob of before', null, null, false),
('other', 'u2', 'Stranger', null, null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
