//! What happens in a Zendesk account: who does what to which kind of thing, how often, and how it is worded. Data,
//! apart from the history that draws from it. Actions and source types are open sets; some here are in no documentation.

/// Who does a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Agent,
    /// `actor_id` -1, without an address.
    System,
}

/// What a deed is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Account,
    Agent,
    Customer,
    Rule,
    Ticket,
    Token,
    AccountSetting,
    Organization,
    App,
    Group,
    /// No `source_id` and no `source_label`.
    Nothing,
}

/// One sort of deed.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    pub action: &'static str,
    pub source_type: &'static str,
    pub source: Source,
    pub by: By,
    /// Its share of what is drawn.
    pub weight: u32,
    /// `change_description`; `{name}` is the source's name, `{number}` a number of the row.
    pub text: &'static str,
}

const fn deed(
    weight: u32,
    action: &'static str,
    source_type: &'static str,
    source: Source,
    text: &'static str,
) -> Deed {
    Deed {
        action,
        source_type,
        source,
        by: By::Agent,
        weight,
        text,
    }
}

const fn by_system(deed: Deed) -> Deed {
    Deed { by: By::System, ..deed }
}

/// All sorts of deeds.
pub const DEEDS: [Deed; 30] = [
    deed(260, "login", "user", Source::Agent, "Successful sign-in using JWT"),
    deed(
        160,
        "login",
        "user",
        Source::Agent,
        "Successful sign-in using Zendesk password from https://acme.zendesk.com/access",
    ),
    deed(
        20,
        "login",
        "user",
        Source::Agent,
        "Failed sign-in using Zendesk password",
    ),
    deed(
        60,
        "update",
        "user",
        Source::Customer,
        "Name changed from {name} to {name} ({number})",
    ),
    deed(40, "create", "user", Source::Customer, ""),
    deed(30, "destroy", "user", Source::Customer, "Permanently deleted {name}"),
    deed(
        6,
        "create",
        "user",
        Source::Agent,
        "Role: Agent\nEmail: user{number}@northwind.example",
    ),
    deed(
        8,
        "update",
        "user",
        Source::Agent,
        "Role changed from Agent to Administrator",
    ),
    deed(
        10,
        "update",
        "user",
        Source::Agent,
        "Role changed from Light agent to Agent",
    ),
    deed(6, "update", "user", Source::Agent, "Suspended"),
    deed(
        40,
        "update",
        "user_setting",
        Source::Agent,
        "Two-factor authentication: enabled",
    ),
    deed(
        50,
        "update",
        "rule",
        Source::Rule,
        "Conditions changed: status less than solved, hours since update {number}",
    ),
    deed(24, "create", "rule", Source::Rule, "Trigger {name} created"),
    deed(12, "destroy", "rule", Source::Rule, ""),
    deed(60, "destroy", "ticket", Source::Ticket, "Ticket #{number} deleted"),
    deed(30, "update", "ticket", Source::Ticket, "Redacted a comment of {name}"),
    deed(
        8,
        "exported",
        "ticket",
        Source::Nothing,
        "Exported {number} tickets as CSV",
    ),
    deed(8, "exported", "user", Source::Nothing, "Exported the list of users"),
    deed(6, "create", "apitoken", Source::Token, "API token {name} created"),
    deed(6, "create", "api_token", Source::Token, "API token {name} created"),
    deed(4, "destroy", "api_token", Source::Token, "API token {name} deleted"),
    deed(
        30,
        "update",
        "account_setting",
        Source::AccountSetting,
        "{name} changed from Enabled to Disabled",
    ),
    deed(
        20,
        "update",
        "organization",
        Source::Organization,
        "Domains: {name} – added “example-{number}.example”",
    ),
    deed(16, "create", "organization", Source::Organization, ""),
    deed(12, "create", "zendesk/app_market/app", Source::App, "Installed {name}"),
    deed(
        8,
        "update",
        "zendesk/app_market/app",
        Source::App,
        "Settings changed: \"token\" → ••••",
    ),
    deed(10, "update", "group", Source::Group, "Membership of {name} changed"),
    deed(
        5,
        "merged_v2",
        "custom_object/record",
        Source::Organization,
        "Zusammengeführt: {name} ✅",
    ),
    by_system(deed(
        50,
        "update",
        "account",
        Source::Account,
        "Automatically finished 30-day deletion for {number} users",
    )),
    by_system(deed(
        20,
        "destroy",
        "ticket",
        Source::Ticket,
        "Ticket #{number} permanently deleted by schedule",
    )),
];

/// Names of triggers and automations.
pub const RULES: [&str; 8] = [
    "Notify requester of comment",
    "Close after 4 days",
    "Escalate VIP",
    "Assign refunds",
    "Route by language",
    "Überfällige Tickets",
    "CSAT request",
    "Pending nudge",
];
/// Names of settings of the account.
pub const SETTINGS: [&str; 6] = [
    "Credit card redaction",
    "IP restrictions",
    "Session expiration",
    "Assume identity",
    "Attachment access",
    "Single sign-on",
];
/// Names of apps of the market.
pub const APPS: [&str; 5] = ["Slack", "Jira", "Shopify", "Time Tracking", "Ticket Bridge"];
/// Names of organizations.
pub const ORGANIZATIONS: [&str; 6] = [
    "Globex",
    "Initech",
    "Société Générique",
    "Umbrella",
    "株式会社サンプル",
    "Stark & Söhne",
];

/// How the interface names an action; the second and third are what another locale or release shows.
pub fn action_label(action: &str, variant: usize) -> &str {
    let labels = match action {
        "login" => ["Signed in", "Angemeldet", "Connexion"],
        "create" => ["Created", "Erstellt", "Création"],
        "update" => ["Updated", "Aktualisiert", "Mise à jour"],
        "destroy" => ["Deleted", "Gelöscht", "Suppression"],
        "exported" => ["Exported", "Exportiert", "Exportation"],
        _ => [action, "", "?"],
    };
    labels[variant % labels.len()]
}
