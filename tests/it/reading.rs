//! Reading never writes: not a byte, not a name, not a time of a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::environment::{Home, Service};

/// Every file and folder below: when it was changed, and the SHA-256 of a file's bytes.
type Tree = BTreeMap<String, (SystemTime, Option<Vec<u8>>)>;

fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    grow(&mut tree, folder);
    tree
}

fn grow(tree: &mut Tree, path: &Path) {
    let about = path.symlink_metadata().expect("a file or folder");
    let bytes = about.is_file().then(|| std::fs::read(path).expect("a file"));
    let changed = about.modified().expect("a time");
    let sha256 = bytes.map(|bytes| Sha256::digest(bytes).to_vec());
    tree.insert(path.display().to_string(), (changed, sha256));
    if about.is_dir() {
        for item in std::fs::read_dir(path).expect("a folder") {
            grow(tree, &item.expect("an item of a folder").path());
        }
    }
}

#[test]
fn commands_that_read_change_nothing() {
    let service = Service::of(4, 300);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let rows = home.query("select event_id from events order by event_id limit 1");
    let id = rows[0]["event_id"].as_str().expect("an id");
    let before = tree(home.path());
    assert!(before.len() > 10, "{:?}", before.keys());
    for arguments in [
        &["query", "select * from events"][..],
        &[
            "query",
            "select count(*) from activity_logs_revisions",
            "--format",
            "json",
        ],
        &["report", "list"],
        &[
            "report",
            "run",
            "top_actors",
            "activity_summary",
            "coverage",
            "load_history",
            "access_changes",
            "--format",
            "table",
        ],
        &[
            "report",
            "run",
            "top_actors",
            "--from",
            "2026-06-01",
            "--to",
            "2026-07-01",
            "--format",
            "json",
        ],
        &["status"],
        &["verify"],
        &["verify", "--deep"],
        &["describe"],
        &["describe", "--markdown"],
        &["show", id],
    ] {
        home.ok(arguments);
        let after = tree(home.path());
        let differs: Vec<&String> = after
            .iter()
            .filter(|(path, state)| before.get(*path) != Some(state))
            .map(|(path, _)| path)
            .chain(before.keys().filter(|path| !after.contains_key(*path)))
            .collect();
        assert!(differs.is_empty(), "{arguments:?} changed {differs:?}");
    }
}

#[test]
fn commands_that_read_make_no_home() {
    let home = Home::new();
    let before = tree(home.path());
    for arguments in [
        &["query", "select 1"][..],
        &["report", "run", "top_actors"],
        &["status"],
        &["verify"],
        &["verify", "--deep"],
        &["describe"],
        &["show", "none"],
    ] {
        let ended = home.run(arguments);
        assert!(
            tree(home.path()) == before,
            "{arguments:?} changed the folder: {}",
            ended.stderr
        );
    }
}
