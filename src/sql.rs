//! The bundled files of `sql/`: views, reports and reference tables, with the headers that say what they are. Apart from the
//! warehouse because it only holds text: nothing here runs a statement.

mod controls;
mod header;
mod statements;

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use controls::{Mapping, controls, frameworks, mappings, reports_of};
use header::Header;
pub use header::HeaderError;
pub use statements::{call_sql, declared, macro_sql, view_sql};

/// A view of the schema `main`; one with parameters is a table macro there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub name: String,
    pub doc: String,
    pub params: Vec<Parameter>,
    /// Name and meaning of each column, in the order of the select.
    pub columns: Vec<(String, String)>,
    /// One select, without its header.
    pub text: String,
}

/// A report: a table macro of the schema `reports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name of its file.
    pub name: String,
    pub title: String,
    /// What it answers, in one sentence.
    pub question: String,
    /// What one row is.
    pub grain: String,
    pub params: Vec<Parameter>,
    /// The tables and views it reads.
    pub reads: Vec<String>,
    /// How grave a row is, where rows are findings.
    pub severity: Option<Severity>,
    pub chart: Option<String>,
    pub notes: Option<String>,
    /// One select that ends in `order by`, without its header.
    pub text: String,
    /// The file of a user's own report; none of a bundled one.
    pub file: Option<PathBuf>,
}

/// A parameter of a report; every one has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    /// An SQL literal; mostly `null`.
    pub default: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    Timestamp,
    Text,
    Integer,
    Boolean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
}

/// A table of the schema `main` that is filled from a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    pub name: &'static str,
    pub doc: &'static str,
    /// Name, DuckDB type and meaning of each column, in the order of the file.
    pub columns: &'static [(&'static str, &'static str, &'static str)],
    /// With a line of column names first; an empty field is null.
    pub csv: &'static str,
}

/// Name and text of a bundled file.
type File = (&'static str, &'static str);

/// In the order they must be made.
const VIEWS: &[File] = &[
    (
        "10_related_resources",
        include_str!("../sql/views/10_related_resources.sql"),
    ),
    (
        "15_listed_performers",
        include_str!("../sql/views/15_listed_performers.sql"),
    ),
    (
        "18_known_performers",
        include_str!("../sql/views/18_known_performers.sql"),
    ),
    ("20_actors", include_str!("../sql/views/20_actors.sql")),
    ("22_worded_events", include_str!("../sql/views/22_worded_events.sql")),
    ("23_told_kinds", include_str!("../sql/views/23_told_kinds.sql")),
    (
        "24_classified_wordings",
        include_str!("../sql/views/24_classified_wordings.sql"),
    ),
    ("25_telling_types", include_str!("../sql/views/25_telling_types.sql")),
    ("26_event_meanings", include_str!("../sql/views/26_event_meanings.sql")),
    (
        "27_recorded_events",
        include_str!("../sql/views/27_recorded_events.sql"),
    ),
    (
        "28_classified_events",
        include_str!("../sql/views/28_classified_events.sql"),
    ),
    ("30_events", include_str!("../sql/views/30_events.sql")),
    (
        "32_event_addresses",
        include_str!("../sql/views/32_event_addresses.sql"),
    ),
    (
        "35_sessions_by_address",
        include_str!("../sql/views/35_sessions_by_address.sql"),
    ),
    (
        "40_version_changes",
        include_str!("../sql/views/40_version_changes.sql"),
    ),
    (
        "42_known_properties",
        include_str!("../sql/views/42_known_properties.sql"),
    ),
    (
        "48_property_changes_between",
        include_str!("../sql/views/48_property_changes_between.sql"),
    ),
    (
        "50_property_changes",
        include_str!("../sql/views/50_property_changes.sql"),
    ),
    ("60_upstream_edits", include_str!("../sql/views/60_upstream_edits.sql")),
];

const REPORTS: &[File] = &[
    ("access_changes", include_str!("../sql/reports/access_changes.sql")),
    ("access_requests", include_str!("../sql/reports/access_requests.sql")),
    ("activity_summary", include_str!("../sql/reports/activity_summary.sql")),
    ("actor_timeline", include_str!("../sql/reports/actor_timeline.sql")),
    ("api_credentials", include_str!("../sql/reports/api_credentials.sql")),
    ("bulk_actions", include_str!("../sql/reports/bulk_actions.sql")),
    (
        "classification_changes",
        include_str!("../sql/reports/classification_changes.sql"),
    ),
    ("coverage", include_str!("../sql/reports/coverage.sql")),
    ("data_exports", include_str!("../sql/reports/data_exports.sql")),
    (
        "definition_changes",
        include_str!("../sql/reports/definition_changes.sql"),
    ),
    ("deletions", include_str!("../sql/reports/deletions.sql")),
    (
        "documentation_changes",
        include_str!("../sql/reports/documentation_changes.sql"),
    ),
    ("inactive_actors", include_str!("../sql/reports/inactive_actors.sql")),
    (
        "integration_changes",
        include_str!("../sql/reports/integration_changes.sql"),
    ),
    ("late_events", include_str!("../sql/reports/late_events.sql")),
    ("load_history", include_str!("../sql/reports/load_history.sql")),
    ("logins", include_str!("../sql/reports/logins.sql")),
    ("new_ip_addresses", include_str!("../sql/reports/new_ip_addresses.sql")),
    (
        "off_hours_activity",
        include_str!("../sql/reports/off_hours_activity.sql"),
    ),
    (
        "ownership_changes",
        include_str!("../sql/reports/ownership_changes.sql"),
    ),
    ("pii_changes", include_str!("../sql/reports/pii_changes.sql")),
    ("policy_changes", include_str!("../sql/reports/policy_changes.sql")),
    (
        "privileged_activity",
        include_str!("../sql/reports/privileged_activity.sql"),
    ),
    ("rejects", include_str!("../sql/reports/rejects.sql")),
    (
        "resource_timeline",
        include_str!("../sql/reports/resource_timeline.sql"),
    ),
    ("role_changes", include_str!("../sql/reports/role_changes.sql")),
    (
        "security_settings",
        include_str!("../sql/reports/security_settings.sql"),
    ),
    (
        "service_account_activity",
        include_str!("../sql/reports/service_account_activity.sql"),
    ),
    ("tag_changes", include_str!("../sql/reports/tag_changes.sql")),
    ("top_actors", include_str!("../sql/reports/top_actors.sql")),
    (
        "unclassified_activity",
        include_str!("../sql/reports/unclassified_activity.sql"),
    ),
    ("unusual_volume", include_str!("../sql/reports/unusual_volume.sql")),
    ("upstream_edits", include_str!("../sql/reports/upstream_edits.sql")),
    ("user_lifecycle", include_str!("../sql/reports/user_lifecycle.sql")),
];

const REFERENCES: &[Reference] = &[
    Reference {
        name: "action_rules",
        doc: "Which words of an activity mean which action; the rule of the smallest priority wins.",
        columns: &[
            (
                "priority",
                "integer",
                "Where several rules match, the smallest wins; no two are equal.",
            ),
            ("service", "varchar", "The kind of source the rule is for."),
            (
                "field",
                "varchar",
                "Where the words are looked for: activity_type or action (anywhere in it), event_text or change_description \
                 (at its begin, without the pieces in bold), resource_type or source_type (at its begin).",
            ),
            (
                "pattern",
                "varchar",
                "Whole words in lower case with one space between, as for `like`: % stands for any text. Case, \
                 underscores and other signs of the field are evened out first.",
            ),
            ("action", "varchar", "The action it means."),
            ("note", "varchar", "Why, where it is not plain."),
        ],
        csv: include_str!("../sql/action_rules.csv"),
    },
    Reference {
        name: "ocsf",
        doc: "Which event class and activity of OCSF 1.8 an action on a kind of thing is.",
        columns: &[
            ("action", "varchar", "The action, as action_rules give it; or unknown."),
            (
                "target_type",
                "varchar",
                "The kind of thing; * for every one that has no row of its own.",
            ),
            ("class_uid", "integer", "The event class."),
            ("category_uid", "integer", "The category of the class."),
            (
                "activity_id",
                "integer",
                "The activity within the class; 0 is unknown, 99 is another.",
            ),
            ("note", "varchar", "What OCSF calls them."),
        ],
        csv: include_str!("../sql/ocsf.csv"),
    },
    Reference {
        name: "target_kinds",
        doc: "Which kinds of things reports look for: what governs access, connects to others, or sets the account up.",
        columns: &[
            (
                "target_type",
                "varchar",
                "The service's word for it, in capital letters.",
            ),
            (
                "kind",
                "varchar",
                "user, group, role, policy, owner, invitation, request, credential, integration, account or setting.",
            ),
            ("note", "varchar", "Why, where it is not plain."),
        ],
        csv: include_str!("../sql/target_kinds.csv"),
    },
    Reference {
        name: "controls",
        doc: "Which report gives evidence for which control of which framework.",
        columns: &[
            (
                "framework",
                "varchar",
                "soc2, iso27001, hipaa, gdpr, nist80053 or pcidss.",
            ),
            ("version", "varchar", "The edition of the framework."),
            ("control", "varchar", "The framework's number of the control."),
            ("title", "varchar", "What the control is about."),
            ("report", "varchar", "The report."),
            ("why", "varchar", "What the report shows of it."),
        ],
        csv: include_str!("../sql/controls.csv"),
    },
];

static PARSED_VIEWS: LazyLock<Vec<View>> = LazyLock::new(|| VIEWS.iter().map(|file| bundled(file, view)).collect());
static PARSED_REPORTS: LazyLock<Vec<Report>> =
    LazyLock::new(|| REPORTS.iter().map(|file| bundled(file, report_of)).collect());

/// The views, each after those it reads.
pub fn views() -> &'static [View] {
    &PARSED_VIEWS
}

/// The reports, by name.
pub fn reports() -> &'static [Report] {
    &PARSED_REPORTS
}

/// The tables that come with the program.
pub fn reference_tables() -> &'static [Reference] {
    REFERENCES
}

/// The report of a name.
pub fn report(name: &str) -> Option<&'static Report> {
    reports().iter().find(|report| report.name == name)
}

fn bundled<T>(file: &File, parse: fn(&str, &str) -> Result<T, HeaderError>) -> T {
    parse(file.0, file.1).unwrap_or_else(|error| panic!("the tests read every bundled file: {error}"))
}

fn view(file: &str, text: &str) -> Result<View, HeaderError> {
    let mut header = Header::parse(file, text)?;
    let view = View {
        name: header.required("name")?,
        doc: header.required("doc")?,
        params: header.params_if_any()?,
        columns: header.columns(),
        text: header.body().to_owned(),
    };
    header.finished()?;
    Ok(view)
}

/// A report from the text of its file; `file` is its name without the ending.
pub fn report_of(file: &str, text: &str) -> Result<Report, HeaderError> {
    let mut header = Header::parse(file, text)?;
    let report = Report {
        name: file.to_owned(),
        title: header.required("title")?,
        question: header.required("question")?,
        grain: header.required("grain")?,
        params: header.params()?,
        reads: header
            .required("reads")?
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
        severity: header.severity()?,
        chart: header.optional("chart"),
        notes: header.optional("notes"),
        text: header.body().to_owned(),
        file: None,
    };
    header.finished()?;
    Ok(report)
}

impl ParameterKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
        }
    }
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// The names of the SQL files of a folder of `sql/`.
    fn listed(folder: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(folder);
        let files = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().path());
        let mut names: Vec<String> = files
            .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    fn records(name: &str) -> Vec<BTreeMap<String, String>> {
        let reference = reference_tables()
            .iter()
            .find(|reference| reference.name == name)
            .unwrap();
        let mut reader = csv::Reader::from_reader(reference.csv.as_bytes());
        let names: Vec<&str> = reference.columns.iter().map(|(name, _, _)| *name).collect();
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            names,
            "{}",
            reference.name
        );
        reader.deserialize().map(|record| record.unwrap()).collect()
    }

    fn field<'a>(record: &'a BTreeMap<String, String>, name: &str) -> &'a str {
        record.get(name).unwrap()
    }

    #[test]
    fn every_file_is_bundled_in_order_and_its_header_is_read() {
        assert_eq!(VIEWS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), listed("views"));
        assert_eq!(
            REPORTS.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            listed("reports")
        );
        for (view, (file, _)) in views().iter().zip(VIEWS) {
            assert_eq!(file.split_once('_').map(|(_, name)| name), Some(view.name.as_str()));
            assert_ne!(view.columns.is_empty(), view.params.is_empty(), "{file}");
        }
    }

    #[test]
    fn every_report_can_be_narrowed_to_a_period_and_a_source() {
        for report in reports() {
            let common = |name: &str, kind| {
                let found = report.params.iter().find(|parameter| parameter.name == name);
                found.is_some_and(|parameter| parameter.kind == kind && parameter.default == "null")
            };
            assert!(common("since", ParameterKind::Timestamp), "{}", report.name);
            assert!(common("until", ParameterKind::Timestamp), "{}", report.name);
            assert!(common("source", ParameterKind::Text), "{}", report.name);
            for read in &report.reads {
                let names = [format!(" {read} as "), format!(" {read}(")];
                assert!(
                    names.iter().any(|name| report.text.contains(name)),
                    "{} does not read {read}",
                    report.name
                );
            }
        }
    }

    #[test]
    fn a_macro_and_its_call_name_every_parameter() {
        let report = report("top_actors").unwrap();
        let made = macro_sql(report);
        assert!(
            made.starts_with(
                "create or replace macro reports.top_actors(since := null, until := null, source := null, top := null) \
                 as table\nwith p as ("
            ),
            "{made}"
        );
        assert_eq!(
            call_sql(report),
            "select * from reports.top_actors(since := greatest($since, $since), until := greatest($until, $until), \
             source := greatest($source, $source), top := greatest($top, $top))"
        );
    }

    #[test]
    fn action_rules_are_ordered_and_written_as_they_are_looked_for() {
        let rules = records("action_rules");
        let priorities: Vec<u32> = rules
            .iter()
            .map(|rule| field(rule, "priority").parse().unwrap())
            .collect();
        assert!(priorities.is_sorted_by(|one, next| one < next));
        for rule in &rules {
            let fields = match field(rule, "service") {
                "secoda" => ["activity_type", "event_text", "resource_type"],
                "zendesk" => ["action", "change_description", "source_type"],
                other => panic!("no service is called {other}"),
            };
            assert!(fields.contains(&field(rule, "field")), "{rule:?}");
            let pattern = field(rule, "pattern");
            let is_plain =
                |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || " %".contains(letter);
            assert!(
                !pattern.is_empty() && pattern.trim() == pattern && pattern.chars().all(is_plain),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn every_action_has_a_class_and_every_class_an_action() {
        let rules = records("action_rules");
        let actions: BTreeSet<&str> = rules
            .iter()
            .map(|rule| field(rule, "action"))
            .chain(["unknown"])
            .collect();
        let classes = records("ocsf");
        let general = classes.iter().filter(|class| field(class, "target_type") == "*");
        let classed: Vec<&str> = general.map(|class| field(class, "action")).collect();
        assert_eq!(classed.len(), actions.len());
        assert_eq!(classed.into_iter().collect::<BTreeSet<_>>(), actions);
        let mut keys = BTreeSet::new();
        for class in &classes {
            assert!(actions.contains(field(class, "action")), "{class:?}");
            assert!(
                keys.insert((field(class, "action"), field(class, "target_type"))),
                "twice: {class:?}"
            );
            let number = |name: &str| field(class, name).parse::<u32>().unwrap();
            assert_eq!(number("class_uid") / 1000, number("category_uid"), "{class:?}");
        }
    }

    #[test]
    fn the_activities_of_a_class_are_those_of_ocsf() {
        let known = |class: u32| -> &[u32] {
            match class {
                0 => &[0],
                1006 => &[1, 2, 3, 4, 5, 6],
                3001 => &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
                3002 => &[1, 2, 3, 4, 5, 6, 7],
                3004 => &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
                3005 => &[1, 2],
                3006 => &[1, 2, 3, 4, 5, 6, 7, 8],
                6001 | 6002 => &[1, 2, 3, 4, 5, 6, 7, 8],
                6003 => &[1, 2, 3, 4],
                6005 => &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
                other => panic!("class {other} is not known here"),
            }
        };
        for class in records("ocsf") {
            let number = |name: &str| field(&class, name).parse::<u32>().unwrap();
            let activity = number("activity_id");
            assert!(
                activity == 99 || known(number("class_uid")).contains(&activity),
                "{class:?}"
            );
        }
    }

    #[test]
    fn controls_name_reports_and_frameworks_that_are_there() {
        let controls = records("controls");
        for control in &controls {
            assert!(report(field(control, "report")).is_some(), "{control:?}");
            let frameworks = ["soc2", "iso27001", "hipaa", "gdpr", "nist80053", "pcidss"];
            assert!(frameworks.contains(&field(control, "framework")), "{control:?}");
            assert!(control.values().all(|value| !value.is_empty()), "{control:?}");
        }
    }

    #[test]
    fn a_wrong_header_is_refused_by_name() {
        let header =
            "-- title: T\n-- question: Q?\n-- grain: one\n-- params: since timestamp = null\n-- reads: events\n";
        let wrong = |lines: &str| {
            report_of("r", &format!("{header}{lines}\nselect 1"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(wrong("-- owner: me\n"), "r: unknown key `owner`");
        assert_eq!(
            wrong("-- severity: huge\n"),
            "r: `severity` is `huge`: not info, low, medium or high"
        );
        assert_eq!(wrong("-- title: again\n"), "r: `title` stands twice");
        assert_eq!(wrong("-- column a: b\n"), "r: unknown key `column a`");
        assert_eq!(
            wrong("select 1\n"),
            "r: `select 1` in the header is not `-- key: value`"
        );
        let without = |text: &str| report_of("r", text).unwrap_err().to_string();
        assert_eq!(without("-- title: T\n\nselect 1"), "r: no `question`");
        assert_eq!(without("-- title: T"), "r: no empty line after the header");
        let params = |params: &str| {
            without(&format!(
                "-- title: T\n-- question: Q?\n-- grain: g\n-- params: {params}\n\nselect 1"
            ))
        };
        assert_eq!(params("since"), "r: parameter `since` is not `name type = default`");
        assert_eq!(
            params("since date = null"),
            "r: parameter `since date = null` is not `name type = default`"
        );
        assert_eq!(
            view("v", "-- name: v\n-- doc: d\n-- title: t\n\nselect 1")
                .unwrap_err()
                .to_string(),
            "v: unknown key `title`"
        );
    }
}
