//! The README promises only what is there: its data dictionary is the program's own, and it names every exit code, every
//! setting and the queries that find the planted story.

use regex::Regex;
use trailhouse::command::{DONE, FAILED, NEEDS_A_LOOK, USAGE};

use crate::demo::STORY;
use crate::environment::{Home, Service};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- dictionary -->\n";
const END: &str = "<!-- /dictionary -->";
/// As the shell sees a command that a signal stopped.
const STOPPED: [u8; 2] = [130, 143];

fn readme() -> String {
    std::fs::read_to_string(PATH).expect("README.md")
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether the README is rewritten is asked of the tester"
)]
fn is_to_be_updated() -> bool {
    std::env::var_os("UPDATE_README").is_some_and(|value| value == "1")
}

#[test]
fn the_data_dictionary_is_that_of_the_program() {
    let readme = readme();
    let (before, rest) = readme.split_once(BEGIN).expect("the first marker");
    let (written, after) = rest.split_once(END).expect("the last marker");
    let service = Service::of(1, 50);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let dictionary = home.ok(&["describe", "--markdown"]).stdout;
    let dictionary = format!("\n{}\n\n", dictionary.trim());
    if written == dictionary {
        return;
    }
    assert!(
        is_to_be_updated(),
        "the dictionary in README.md is old; run this test with UPDATE_README=1 to write it anew"
    );
    #[expect(clippy::disallowed_methods, reason = "the test is asked to write the file")]
    std::fs::write(PATH, format!("{before}{BEGIN}{dictionary}{END}{after}")).expect("README.md is written");
}

/// The part below a heading of any rank, up to the next that is not below it.
fn section<'a>(readme: &'a str, heading: &str) -> &'a str {
    let begin = Regex::new(&format!(r"(?m)^(#+) {heading}$")).expect("a pattern");
    let found = begin
        .captures(readme)
        .unwrap_or_else(|| panic!("no section `{heading}`"));
    let (_, rest) = readme.split_at(found.get(0).expect("the heading").end());
    let rank = found.get(1).map_or(1, |signs| signs.len());
    let end = Regex::new(&format!(r"(?m)^#{{1,{rank}}} ")).expect("a pattern");
    end.find(rest).map_or(rest, |next| rest.split_at(next.start()).0)
}

#[test]
fn every_exit_code_is_named() {
    let readme = readme();
    let section = section(&readme, "Exit codes");
    for code in [DONE, FAILED, USAGE, NEEDS_A_LOOK].into_iter().chain(STOPPED) {
        let named = Regex::new(&format!(r"\b{code}\b")).expect("a pattern");
        assert!(named.is_match(section), "exit code {code}");
    }
}

#[test]
fn every_setting_is_named() {
    let readme = readme();
    let setting = Regex::new(r"(?m)^(?:#(?: or: )?)?([a-z_]+) = ").expect("a pattern");
    let names: Vec<&str> = setting
        .captures_iter(trailhouse::config::TEMPLATE)
        .filter_map(|found| found.get(1))
        .map(|name| name.as_str())
        .collect();
    assert!(names.len() >= 20, "{names:?}");
    let is_named = |name: &str| {
        let pattern = format!(r"(?m)`{name}`|^#?\s*{name} = ");
        Regex::new(&pattern).expect("a pattern").is_match(&readme)
    };
    let missing: Vec<&str> = names.into_iter().filter(|name| !is_named(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The configuration a new owner starts from: every entry of it is checked, and means what stands there.
#[test]
fn the_schedule_of_the_readme_is_one() {
    let readme = readme();
    let section = section(&readme, "Every month, unattended");
    let (_, rest) = section.split_once("```toml\n").expect("a configuration");
    let (configuration, _) = rest.split_once("```").expect("its end");
    let home = Home::new();
    home.write("trailhouse.toml", configuration);
    let shown = home.ok(&["schedule", "show", "--format", "json"]).stdout;
    let shown: Vec<serde_json::Value> = serde_json::from_str(&shown).expect("rows");
    let commands: Vec<&str> = shown.iter().filter_map(|row| row["command"].as_str()).collect();
    assert_eq!(commands.len(), 3, "{shown:?}");
    assert_eq!(commands[..2], ["trailhouse sync", "trailhouse verify --deep"]);
    let pack = Regex::new(
        r"^trailhouse evidence --framework soc2 --period (\d{4}-\d\d) --output .*packs/(\d{4}-\d\d)-soc2.zip$",
    );
    let pack = pack.expect("a pattern").captures(commands[2]).expect(commands[2]);
    assert_eq!(pack[1], pack[2]);
}

#[test]
fn the_queries_that_find_the_story_stand_there() {
    let readme = readme();
    for query in STORY {
        assert!(readme.contains(query), "not in README.md:\n{query}");
    }
}
