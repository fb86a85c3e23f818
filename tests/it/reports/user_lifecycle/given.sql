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
-- what became of invitations
('acme', 'audit_logs', 1, 'i', '2026-06-13 01:00:00', 'invitation_expired', null, null, null, 'i3', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'j', '2026-06-13 02:00:00', 'invitation_link_disabled', 'p1', 'USER', 'Ada', 'i4', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'k', '2026-06-13 03:00:00', 'invitation_declined', 'u6', 'USER', 'Gil', 'i5', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'l', '2026-06-13 04:00:00', 'CREATE', 'p1', 'USER', 'Ada', 'i6', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'm', '2026-06-13 05:00:00', 'invitation_accepted', 'u5', 'USER', 'Fay', 'u5', 'USER', 'Fay', null),
('acme', 'audit_logs', 1, 'n', '2026-06-13 06:00:00', 'user_uninvited', 'p1', 'USER', 'Ada', 'u6', 'USER', 'Gil', null),
-- added and removed themselves
('acme', 'audit_logs', 1, 'o', '2026-06-14 01:00:00', 'user_added', 'p1', 'USER', 'Ada', 'u7', 'USER', 'Hal', null),
('acme', 'audit_logs', 1, 'q', '2026-06-14 02:00:00', 'member_removed', 'p1', 'USER', 'Ada', 'u7', 'USER', 'Hal', null),
('acme', 'audit_logs', 1, 'r', '2026-06-14 03:00:00', 'AddMember', 'p1', 'USER', 'Ada', 'u7', 'USER', 'Hal', null),
('acme', 'audit_logs', 1, 's', '2026-06-14 04:00:00', 'user_removed', 'p1', 'USER', 'Ada', 'u7', 'USER', 'Hal', null),
-- another record of that number and time, and the number at another time: an owner
('acme', 'resource_logs', 1, 'o', '2026-06-14 01:00:00', 'owner_added', 'p1', 'USER', 'Ada', 'u7', 'USER', 'Hal', null),
('acme', 'audit_logs', 1, 'o', '2026-06-14 05:00:00', 'owner_added', 'p1', 'USER', 'Ada', 'u7', 'USER', 'Hal', null),
-- none of these: roles, tags and teams of a user, an invitation that was looked at or changed
('acme', 'audit_logs', 1, 'y1', '2026-06-15 01:00:00', 'role_added', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'y2', '2026-06-15 02:00:00', 'role_removed', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'y3', '2026-06-15 03:00:00', 'tag_removed', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'y4', '2026-06-15 04:00:00', 'user_added_to_team', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'y5', '2026-06-15 05:00:00', 'team_member_removed', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'y6', '2026-06-15 06:00:00', 'invitation_link_viewed', 'u6', 'USER', 'Gil', 'i5', 'INVITATION_LINK', null, null),
('acme', 'audit_logs', 1, 'y7', '2026-06-15 07:00:00', 'invitation_updated', 'p1', 'USER', 'Ada', 'i5', 'INVITATION_LINK', null, null),
-- nor these: a sign-in, another role, a changed user, a team, a key, another source, the end of the period, before it
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
-- under other changes
('acme', 'audit_logs', 1, 4, '2026-06-12 10:00:00', 'update', 7, 'Priya', E'Role changed from Agent to Advisor\nSuspended', 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 5, '2026-06-12 11:00:00', 'update', 7, 'Priya', E'Name changed\nUnsuspended\nEmail changed', 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 6, '2026-06-12 12:00:00', 'update', 7, 'Priya', E'Name changed\nSuspended changed from no to yes', 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 7, '2026-06-12 13:00:00', 'update', 7, 'Priya', E'Name changed\nSuspended changed from yes to no', 8, 'Marcus', 'user'),
-- none of these: another thing of such a name, a group
('acme', 'audit_logs', 1, 8, '2026-06-12 14:00:00', 'update', 7, 'Priya', E'Name changed\nSuspended mail changed', 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 3, '2026-06-12 09:00:00', 'destroy', 7, 'Priya', null, 8, 'Tier 1', 'group');

-- only the text says that it is an invitation
insert into activity_logs (source, stream, load, id, logged_at, activity_type, resource_id, resource_type, event_blocks) values
('acme', 'audit_logs', 1, 't', '2026-06-16 01:00:00', 'CREATE', 'u9', 'USER', [{'type': 'text', 'style': 'normal', 'value': 'Invited'}]);

insert into notifications (source, stream, load, id, created_at, event, resource_id, resource_type, resource_title) values
('acme', 'notifications', 1, 'o', '2026-06-14 06:00:00', 'user.removed', 'u7', 'USER', 'Hal');

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
