-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into zendesk_audit_logs (
    source, stream, load, id, created_at, action, actor_id, actor_name, change_description, ip_address, source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, '2026-06-01 00:00:00', 'update', 7, 'Priya', 'Credit card redaction changed from Enabled to Disabled',
    '203.0.113.1', 40, 'Credit card redaction', 'account_setting'),
('acme', 'audit_logs', 1, 2, '2026-06-02 00:00:00', 'update', 7, 'Priya', 'Enabled', null, 40, 'Credit Card Redaction', 'account_setting'),
('acme', 'audit_logs', 1, 3, '2026-06-03 00:00:00', 'update', 7, 'Priya', 'Changed from Disabled to Always', null, 41, 'Account Assumption',
    'account_setting'),
('acme', 'audit_logs', 1, 4, '2026-06-04 00:00:00', 'update', 7, 'Priya', 'Off', null, 42, 'Zendesk Support Mobile App Access',
    'account_setting'),
-- a setting whose bad side nobody knows
('acme', 'audit_logs', 1, 5, '2026-06-05 00:00:00', 'create', 7, 'Priya', '', null, 43, 'Business hours', 'account_setting'),
('acme', 'audit_logs', 1, 6, '2026-06-06 00:00:00', 'update', 7, 'Priya', 'Owner changed from Ada to Bob', null, 1, 'Account: acme', 'account'),
('acme', 'audit_logs', 1, 7, '2026-06-07 00:00:00', 'update', 7, 'Priya', 'Suspended', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 8, '2026-06-08 00:00:00', 'update', 7, 'Priya', 'Unsuspended', null, 8, 'Marcus', 'user'),
-- off and on in other words
('acme', 'audit_logs', 1, 20, '2026-06-11 00:00:01', 'update', 7, 'Priya', 'Changed from true to false', null, 40, 'Credit card redaction',
    'account_setting'),
('acme', 'audit_logs', 1, 21, '2026-06-11 00:00:02', 'update', 7, 'Priya', 'Changed from true to false', null, 42, 'Mobile app access',
    'account_setting'),
('acme', 'audit_logs', 1, 22, '2026-06-11 00:00:03', 'update', 7, 'Priya', 'Changed from Yes to No', null, 41, 'Account assumption',
    'account_setting'),
('acme', 'audit_logs', 1, 23, '2026-06-11 00:00:04', 'update', 7, 'Priya', 'Changed from Always to Never', null, 41, 'Assume identity',
    'account_setting'),
('acme', 'audit_logs', 1, 24, '2026-06-11 00:00:05', 'update', 7, 'Priya', 'Changed from 203.0.113.0/24 to None', null, 45, 'IP restrictions',
    'account_setting'),
('acme', 'audit_logs', 1, 25, '2026-06-11 00:00:06', 'update', 7, 'Priya', 'Changed from None to 203.0.113.0/24', null, 45, 'IP restrictions',
    'account_setting'),
-- among other changes of one entry; of a user their text is no setting
('acme', 'audit_logs', 1, 26, '2026-06-12 00:00:01', 'update', 7, 'Priya', e'Name changed from Marc to Marcus\nSuspended\nAlias: m', null, 8,
    'Marcus', 'user'),
('acme', 'audit_logs', 1, 27, '2026-06-12 00:00:02', 'update', 7, 'Priya',
    e'Role changed from Admin to Agent\nSuspended changed from true to false', null, 8, 'Marcus', 'user'),
('acme', 'audit_logs', 1, 28, '2026-06-12 00:00:03', 'update', 7, 'Priya', e'Name changed from Acme to Acme 2\nOwner changed from Bob to Cy',
    null, 1, 'Account: acme', 'account'),
('acme', 'audit_logs', 1, 29, '2026-06-12 00:00:04', 'update', 7, 'Priya',
    e'Name changed from Acme 2 to Acme\nSingle sign-on changed from Enabled to Disabled\nTime zone changed from UTC to EST', null, 1,
    'Account: acme', 'account'),
-- the system may do more than end the time of people
('acme', 'audit_logs', 1, 30, '2026-06-12 00:00:05', 'update', -1, null, 'Time zone changed from UTC to EST', null, 1, 'Account: acme',
    'account'),
('other', 'audit_logs', 2, 1, '2026-06-01 00:00:00', 'update', 7, 'Eve', 'Off', null, 40, 'Credit card redaction', 'account_setting'),
-- none of these: people whose time is over, a role, a setting of one's own, a group, words that suspend nobody, an export, the end of the
-- period, before it
('acme', 'audit_logs', 1, 9, '2026-06-09 00:00:00', 'update', -1, null, 'Automatically finished 30-day deletion for 12 users', null, 1,
    'Account: acme', 'account'),
('acme', 'audit_logs', 1, 10, '2026-06-09 00:00:00', 'update', 7, 'Priya', 'Role changed from Agent to Administrator', null, 8, 'Marcus',
    'user'),
('acme', 'audit_logs', 1, 11, '2026-06-09 00:00:00', 'update', 7, 'Priya', 'Two-factor authentication: disabled', null, 8, 'Marcus',
    'user_setting'),
('acme', 'audit_logs', 1, 12, '2026-06-09 00:00:00', 'update', 7, 'Priya', 'Deactivated', null, 44, 'Suspended', 'group'),
('acme', 'audit_logs', 1, 15, '2026-06-09 00:00:00', 'update', 7, 'Priya', e'Alias changed from M to\nsuspended animation', null, 8, 'Marcus',
    'user'),
('acme', 'audit_logs', 1, 16, '2026-06-09 00:00:00', 'update', 7, 'Priya', e'Name changed from A to B\nSuspended', null, 44, 'Support', 'group'),
('acme', 'audit_logs', 1, 17, '2026-06-09 00:00:00', 'exported', 7, 'Priya', 'Exported the account', null, 1, 'Account: acme', 'account'),
('acme', 'audit_logs', 1, 13, '2026-07-01 00:00:00', 'update', 7, 'Priya', 'Off', null, 40, 'Credit card redaction', 'account_setting'),
('acme', 'audit_logs', 1, 14, '2026-05-31 23:59:59', 'update', 7, 'Priya', 'Off', null, 40, 'Credit card redaction', 'account_setting');

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type, resource_name,
    event_text
) values
('acme', 'audit_logs', 1, 'a', '2026-06-10 00:00:00', 'workspace_updated', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme',
    'Two-factor authentication changed from on to off'),
('acme', 'audit_logs', 1, 'b', '2026-06-13 00:00:01', 'ip_allowlist_removed', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme',
    'Removed IP allowlist'),
('acme', 'audit_logs', 1, 'c', '2026-06-13 00:00:02', 'allowed_domain_added', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme',
    'Added allowed domain'),
('acme', 'audit_logs', 1, 'd', '2026-06-13 00:00:03', 'sso_configuration_deleted', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme',
    'Deleted SSO configuration'),
('acme', 'audit_logs', 1, 'e', '2026-06-13 00:00:04', 'mfa_policy_weakened', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme', null),
-- a role that is not the owner's, whatever it is to whom
('acme', 'audit_logs', 1, 'f', '2026-06-13 00:00:05', 'default_role_changed', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme',
    'Default role changed from Viewer to Owner'),
-- none of these: whom Secoda disables, a workspace that somebody signs in to
('acme', 'audit_logs', 1, 'x1', '2026-06-10 00:00:00', 'user_disabled', 'p1', 'USER', 'Ada', 'u1', 'USER', 'Bob', null),
('acme', 'audit_logs', 1, 'x2', '2026-06-10 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', 'w1', 'WORKSPACE', 'Acme', null);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
