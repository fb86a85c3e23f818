//! The names of people and things. Data, apart from the cast that is made of them; some of it in other scripts than
//! ASCII, since names are.

use super::cast::Kind;

/// The name of the resource at `place` among those of its kind.
pub fn resource_name(kind: Kind, place: usize, rng: &mut fastrand::Rng) -> String {
    let subject = SUBJECTS[rng.usize(0..SUBJECTS.len())];
    let numbered = |names: &[&str]| match place / names.len() {
        0 => names[place].to_owned(),
        round => format!("{} {}", names[place % names.len()], round + 1),
    };
    match kind {
        Kind::Table => format!("{}_{subject}_{place}", SCHEMAS[rng.usize(0..SCHEMAS.len())]),
        Kind::Column => format!("{subject}_{}", COLUMNS[rng.usize(0..COLUMNS.len())]),
        Kind::Dashboard => format!(
            "{} {subject} overview {place}",
            ["📊", "Weekly", "Monthly"][rng.usize(0..3)]
        ),
        Kind::Document => format!(
            "{} {subject} {place}",
            ["How we count", "Runbook:", "Übersicht", "📘 Guide to"][rng.usize(0..4)]
        ),
        Kind::Term => format!("{subject} term {place}"),
        Kind::Collection => format!("{subject} collection {place}"),
        Kind::Query => format!("{subject} by month {place}"),
        Kind::Question => format!("Where do {subject} come from? ({place})"),
        Kind::Tag => numbered(&TAGS),
        Kind::Team => numbered(&TEAMS),
        Kind::Group => numbered(&GROUPS),
        Kind::Role => numbered(&ROLES),
        Kind::Policy => format!("{subject} policy {place}"),
        Kind::Request => format!("Access to {subject}"),
        Kind::Rule => format!("AI access rule {}", place + 1),
        Kind::Incident => format!("Late {subject} load {place}"),
        Kind::Invitation => format!("Invitation link {}", place + 1),
        Kind::Lineage => format!("{subject} → mart {place}"),
        Kind::Metric => format!("{subject} per week {place}"),
        Kind::Job => format!("Sync job {place}"),
        Kind::Comment => format!("Comment on {subject}"),
        Kind::Member | Kind::Monitor | Kind::Automation | Kind::Integration | Kind::Key | Kind::Nothing => {
            String::new()
        }
    }
}

pub const FIRST_NAMES: [&str; 32] = [
    "Amara", "Ben", "Chloé", "Diego", "Elif", "Farid", "Grace", "Hiro", "Ingrid", "José", "Kavya", "Liam", "Mei",
    "Ngozi", "Olga", "Pavel", "Quinn", "Rosa", "Søren", "Tariq", "Uma", "Viktor", "Wanda", "Xin", "Yusuf", "Zoë",
    "Łukasz", "Björn", "美咲", "Nadia", "Omar", "Ivy",
];
pub const LAST_NAMES: [&str; 29] = [
    "Abara",
    "Becker",
    "Chen",
    "Duarte",
    "Eriksen",
    "Fontaine",
    "García",
    "Hoang",
    "Ito",
    "Jansen",
    "Kowalski",
    "Laurent",
    "Mbeki",
    "Novák",
    "O'Neill",
    "Petrov",
    "Quist",
    "Rossi",
    "Silva",
    "Tanaka",
    "Usman",
    "Vogel",
    "Wójcik",
    "Xu",
    "Yılmaz",
    "Zhang",
    "Adeyemi",
    "Bergström",
    "Castillo",
];
pub const SERVICES: [&str; 6] = [
    "svc-dbt-docs",
    "svc-airflow",
    "svc-reverse-etl",
    "svc-catalog-sync",
    "svc-backup",
    "svc-quality",
];
pub const KEYS: [&str; 5] = [
    "ci-catalog-check",
    "terraform",
    "metrics-exporter",
    "lineage-uploader",
    "ticket-bridge",
];
pub const AUTOMATIONS: [&str; 7] = [
    "Tag new tables",
    "Assign owners",
    "Archive stale dashboards",
    "Propagate PII",
    "Verify marts",
    "Welcome message 👋",
    "Nightly tidy-up",
];
pub const INTEGRATIONS: [(&str, &str); 7] = [
    ("Snowflake production", "snowflake"),
    ("BigQuery events", "bigquery"),
    ("Looker", "looker"),
    ("dbt Core", "dbt"),
    ("Tableau", "tableau"),
    ("Slack", "slack"),
    ("Airflow", "airflow"),
];
pub const MONITORS: [&str; 8] = [
    "orders freshness",
    "payments row count",
    "sessions null rate",
    "invoices uniqueness",
    "refunds volume",
    "shipments freshness",
    "leads row count",
    "inventory drift",
];
const SUBJECTS: [&str; 16] = [
    "orders",
    "payments",
    "sessions",
    "invoices",
    "refunds",
    "shipments",
    "leads",
    "inventory",
    "subscriptions",
    "tickets",
    "campaigns",
    "suppliers",
    "contracts",
    "visits",
    "returns",
    "prices",
];
const SCHEMAS: [&str; 5] = ["raw", "staging", "mart", "finance", "product"];
const COLUMNS: [&str; 10] = [
    "id",
    "created_at",
    "amount",
    "currency",
    "status",
    "email",
    "country",
    "is_active",
    "source",
    "updated_at",
];
const TAGS: [&str; 10] = [
    "Gold",
    "Silver",
    "Deprecated",
    "Finance",
    "Marketing",
    "Sensitive",
    "GDPR",
    "Certified ✅",
    "Experimental",
    "Core",
];
const TEAMS: [&str; 6] = [
    "General",
    "Marketing",
    "Finance Analytics",
    "Data Platform",
    "Équipe Québec",
    "Product",
];
const GROUPS: [&str; 6] = [
    "Stewards",
    "Analysts",
    "Engineers",
    "Managers",
    "Contractors",
    "Auditors",
];
const ROLES: [&str; 5] = ["Admin", "Editor", "Viewer", "Guest", "Data steward"];
