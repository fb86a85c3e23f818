-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, performer_email,
    resource_id, resource_type, resource_name, related_resource_ids, related_resource_type, event_blocks, event_text, metadata
) values
-- on the begin of the period, with names of its own, and an address
('acme', 'audit_logs', 1, 'e1', '2026-06-01 00:00:00', 'role_assigned', 'p1', 'USER', 'Ada', 'ada@acme.example',
    'u2', 'USER', 'Bob', ['r1'], 'IAM_ROLE',
    [{'type': 'text', 'style': 'normal', 'value': 'Changed role of '}, {'type': 'text', 'style': 'bold', 'value': 'Bob'}],
    'Changed role of Bob', '{"ip_address": "203.0.113.7"}'),
-- names only observed elsewhere; what it touched has a name in performers, in resources, and nowhere
('acme', 'audit_logs', 1, 'e2', '2026-06-02 09:00:00', 'UPDATE', 'p1', 'USER', null, null,
    't1', 'TEAM', null, ['u2', 'r1', 'zz'], 'USER', [{'type': 'text', 'style': 'normal', 'value': 'Added users to team'}],
    'Added users to team', null),
-- another record of that number
('acme', 'resource_logs', 1, 'e2', '2026-06-02 10:00:00', 'role_assigned', 'p1', 'USER', null, null,
    'u2', 'USER', null, ['yy'], 'IAM_ROLE', null, null, null),
-- nobody and nothing is named
('acme', 'audit_logs', 1, 'e3', '2026-06-03 09:00:00', 'teams_added', null, null, null, null,
    null, null, null, [], null, null, null, null),
-- the text names the actor
('acme', 'audit_logs', 1, 'e4', '2026-06-04 09:00:00', 'access_request_approved', 'p9', 'USER', null, null,
    'q1', 'DATA_ACCESS_REQUEST', null, [], null,
    [{'type': 'text', 'style': 'bold', 'value': 'Cy'},
    {'type': 'text', 'style': 'normal', 'value': 'approved the access request'}],
    'Cy approved the access request', '{"ip": "198.51.100.4"}'),
('acme', 'audit_logs', 1, 'e5', '2026-06-05 09:00:00', 'access_request_created', 'p9', 'USER', 'Cy', null,
    'q1', 'DATA_ACCESS_REQUEST', null, [], null, null, null, null),
-- the text names the target
('acme', 'audit_logs', 1, 'e6', '2026-06-06 09:00:00', 'api_key_created', 'p1', 'USER', null, null,
    'k1', 'API_KEY', null, [], null,
    [{'type': 'text', 'style': 'normal', 'value': 'Created key'}, {'type': 'text', 'style': 'bold', 'value': 'ci'}],
    'Created key ci', null),
('acme', 'audit_logs', 1, 'e7', '2026-06-07 09:00:00', 'user_disabled', 'p1', 'USER', null, null,
    'u2', 'USER', null, [], null, null, 'Disabled', null),
-- no rule knows the word, but it is about a role
('acme', 'audit_logs', 1, 'e8', '2026-06-08 09:00:00', 'frobnicated', 'p1', 'USER', null, null,
    'r1', 'IAM_ROLE', null, [], null, null, null, null),
('acme', 'audit_logs', 1, 'e9', '2026-06-30 23:59:59.999999', 'user_invited', 'p1', 'USER', null, null,
    null, 'INVITATION_LINK', null, [], null, null, null, null),
-- given without a decision; taken back, which takes no access
('acme', 'audit_logs', 1, 'f1', '2026-06-09 09:00:00', 'access_request_granted', 'p1', 'USER', null, null,
    'q1', 'DATA_ACCESS_REQUEST', null, [], null, null, null, null),
('acme', 'audit_logs', 1, 'f2', '2026-06-09 10:00:00', 'access_request_cancelled', 'p9', 'USER', 'Cy', null,
    'q1', 'DATA_ACCESS_REQUEST', null, [], null, null, null, null),
-- an invitation that ended gives nothing
('acme', 'audit_logs', 1, 'f3', '2026-06-09 11:00:00', 'invitation_expired', null, null, null, null,
    'i1', 'INVITATION_LINK', null, [], null, null, null, null),
-- none of these: signing in, using a key, looking at an invitation, a name that says deleted, another source, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-10 09:00:00', 'user_logged_in', 'p1', 'USER', null, null,
    'p1', 'USER', null, [], null, null, 'Logged in', null),
('acme', 'audit_logs', 1, 'x2', '2026-06-10 09:00:00', 'api_key_used', 'p1', 'API', null, null,
    'k1', 'API_KEY', null, [], null, null, null, null),
('acme', 'audit_logs', 1, 'x4', '2026-06-10 09:00:00', 'invitation_link_viewed', 'p1', 'USER', null, null,
    'i1', 'INVITATION_LINK', null, [], null, null, null, null),
('acme', 'audit_logs', 1, 'x3', '2026-06-10 09:00:00', 'x', 'p1', 'USER', null, null,
    'd1', 'SECODA_ENTITY', null, [], null,
    [{'type': 'text', 'style': 'normal', 'value': 'Updated'}, {'type': 'text', 'style': 'bold', 'value': 'granted'}],
    'Updated granted', null),
('other', 'audit_logs', 1, 'e2', '2026-06-10 09:00:00', 'role_assigned', 'p1', 'USER', null, null,
    'u2', 'USER', null, ['xx'], 'IAM_ROLE', null, null, null),
('acme', 'audit_logs', 1, 'x5', '2026-07-01 00:00:00', 'role_assigned', 'p1', 'USER', null, null,
    'u2', 'USER', null, [], null, null, null, null),
('acme', 'audit_logs', 1, 'x6', '2026-05-31 23:59:59.999999', 'role_assigned', 'p1', 'USER', null, null,
    'u2', 'USER', null, [], null, null, null, null);

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, action_label, actor_id, actor_name, change_description, ip_address,
    source_id, source_label, source_type
) values
('acme', 'audit_logs', 2, 9007199254740993, '2026-06-11 09:00:00', 'update', 'Updated', 7, 'Priya',
    'Role changed from Agent to Administrator', '198.51.100.22', 8, 'Team member: Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254740994, '2026-06-12 09:00:00', 'update', 'Updated', 7, 'Priya',
    'Suspended', '198.51.100.22', 8, null, 'user'),
('acme', 'audit_logs', 2, 9007199254740995, '2026-06-13 09:00:00', 'create', 'Created', -1, null,
    '', null, 31, 'backfill', 'api_token'),
('acme', 'audit_logs', 2, 9007199254740996, '2026-06-14 09:00:00', 'destroy', 'Deleted', 7, 'Priya',
    'Permanently deleted Marcus', '198.51.100.22', 8, 'Team member: Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254740997, '2026-06-15 09:00:00', 'update', 'Updated', 7, 'Priya',
    'Membership of Billing changed', '198.51.100.22', 9, 'Billing', 'group'),
-- what counts stands under another change
('acme', 'audit_logs', 2, 9007199254741010, '2026-06-16 09:00:00', 'update', 'Updated', 7, 'Priya',
    E'Name changed from M. to Marcus\nRole changed from Agent to Administrator', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254741011, '2026-06-16 10:00:00', 'update', 'Updated', 7, 'Priya',
    E'Name changed from M. to Marcus\nSuspended', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254741012, '2026-06-16 11:00:00', 'update', 'Updated', 7, 'Priya',
    E'Name changed from M. to Marcus\nUnsuspended\nEmail changed from a to b', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254741013, '2026-06-16 12:00:00', 'update', 'Updated', 7, 'Priya',
    E'Name changed from M. to Marcus\nSuspended changed from false to true', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254741014, '2026-06-16 13:00:00', 'update', 'Updated', 7, 'Priya',
    E'Name changed from M. to Marcus\nSuspended changed from true to false', null, 8, 'Marcus', 'user'),
-- none of these: signing in, another name, a rule about suspended people, another source, the end of the period
('acme', 'audit_logs', 2, 9007199254740998, '2026-06-15 09:00:00', 'login', 'Signed in', 7, 'Priya',
    'Successful sign-in using JWT', '198.51.100.22', 7, 'Team member: Priya', 'user'),
('acme', 'audit_logs', 2, 9007199254740999, '2026-06-15 09:00:00', 'update', 'Updated', 7, 'Priya',
    'Name changed from Role changed to Suspended', '198.51.100.22', 8, 'Customer: Suspended', 'user'),
('acme', 'audit_logs', 2, 9007199254741015, '2026-06-15 09:00:00', 'update', 'Updated', 7, 'Priya',
    E'Name changed from M. to Suspended\nSuspended mail changed from no to yes', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254741000, '2026-06-15 09:00:00', 'update', 'Updated', 7, 'Priya',
    'Conditions changed: suspended', '198.51.100.22', 8, 'Suspended users', 'rule'),
('other', 'audit_logs', 2, 9007199254740993, '2026-06-11 09:00:00', 'update', 'Updated', 7, 'Priya',
    'Role changed from Agent to Administrator', '198.51.100.22', 8, 'Team member: Marcus', 'user'),
('acme', 'audit_logs', 2, 9007199254741001, '2026-07-01 00:00:00', 'update', 'Updated', 7, 'Priya',
    'Suspended', '198.51.100.22', 8, 'Team member: Marcus', 'user');

insert into performers (source, performer_id, performer_type, name, email, is_current) values
('acme', 'p1', 'USER', 'Ada B.', 'ada@acme.example', false),
('acme', 'p1', 'USER', 'Ada C.', 'ada.c@acme.example', true),
('acme', 'u2', 'USER', 'Bob', 'bob@acme.example', true),
('acme', 'u2', 'USER', 'Bob of before', 'bob@acme.example', false),
('other', 'u2', 'USER', 'Stranger', null, true),
('other', 'p1', 'USER', 'Stranger', null, true);

insert into resources (source, resource_id, resource_type, name, is_current) values
('acme', 't1', 'TEAM', 'Finance', true),
('acme', 'r1', 'IAM_ROLE', 'Editor', true),
('acme', 'r1', 'IAM_ROLE', 'Editor of before', false),
('other', 'r1', 'IAM_ROLE', 'Foreign', true),
('acme', '8', 'user', 'Team member: Marcus', true),
('other', 't1', 'TEAM', 'Foreign', true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
