//! Bytes that were once right: entries of a ledger, configurations and records with pieces changed, lost, doubled and strange.
//! Whatever reads them says what is wrong, or reads them; it does not panic, and loses nothing of a record.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use proptest::prelude::*;
use trailhouse::config::{self, Environment, Flags, TEMPLATE};
use trailhouse::ledger::{AddedFile, Counts, DeltaFile, Entry, FORMAT, Kind, Ledger, TableChange, path};
use trailhouse::record::Layouts;
use trailhouse::source::SERVICES;

const LATEST: i64 = 1_900_000_000_000_000;
/// What is put in the place of something else.
const STRANGE: &[&[u8]] = &[
    b"",
    b"\0",
    b"\xff\xfe",
    b"\\ud800",
    b"\\u0000",
    b"\"",
    b"'",
    b"\n[",
    b"]]",
    b"{",
    b"}",
    b"null",
    b"-0",
    b"1e999",
    b"18446744073709551615",
    b"18446744073709551616",
    b"9999-99-99T99:99:99Z",
    b"[sources.x]",
    b"{ command = [\"a\"] }",
    "\u{202e}\u{feff}\u{1f600}".as_bytes(),
];

/// A piece of the text, in thousandths of it, and what stands there instead; none: it stands there twice.
type Mutation = (u16, u16, Option<usize>);

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let one = (0..1000_u16, 0..40_u16, proptest::option::of(0..STRANGE.len()));
    proptest::collection::vec(one, 1..5)
}

fn mutated(text: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for (at, length, strange) in mutations {
        let at = bytes.len() * usize::from(*at) / 1000;
        let end = (at + usize::from(*length)).min(bytes.len());
        match strange {
            Some(strange) => drop(bytes.splice(at..end, STRANGE[*strange].iter().copied())),
            None => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
        }
    }
    bytes
}

fn entry() -> Vec<u8> {
    let added = AddedFile {
        path: "activity_logs/source=acme/month=2024-06/1-a.parquet".to_owned(),
        bytes: 10_881,
        rows: 10,
        sha256: "ab".repeat(32),
        digest: "cd".repeat(32),
        loads: Vec::new(),
    };
    let change = TableChange {
        added: vec![added],
        removed: vec!["activity_logs/source=acme/month=2024-06/0-a.parquet".to_owned()],
    };
    let entry = Entry {
        format: FORMAT,
        lake_id: "0197a1c4-9d6e-7e31-8d3a-1c0f6c1f5b11".to_owned(),
        sequence: 7,
        previous: Some("ef".repeat(32)),
        run_id: "r".to_owned(),
        kind: Kind::Sync,
        started_at: "2026-06-30T12:00:00Z".to_owned(),
        finished_at: "2026-06-30T12:00:01Z".to_owned(),
        version: "0.1.0".to_owned(),
        source: Some("acme".to_owned()),
        stream: Some("audit_logs".to_owned()),
        counts: Counts::default(),
        state: None,
        streams: Vec::new(),
        tables: BTreeMap::from([("activity_logs".to_owned(), change)]),
        reconciled: None,
        deleted: Vec::new(),
        tombstone: None,
        tombstones: Vec::new(),
        undeleted: vec![1],
        adopted: Vec::new(),
        signing_key: None,
        delta_commits: vec![DeltaFile {
            table: "activity_logs".to_owned(),
            version: 6,
            sha256: "01".repeat(32),
        }],
        states: BTreeMap::from([("acme.audit_logs".to_owned(), 7)]),
        last_changes: BTreeMap::from([("activity_logs".to_owned(), 7)]),
        delta_versions: BTreeMap::from([("activity_logs".to_owned(), 6)]),
    };
    entry.seal().expect("JSON").1.to_vec()
}

const RECORDS: &[&str] = &[
    r#"{"id":"a1","activity_type":"tag_added","performer_id":"p","performer_metadata":{"name":"N","email":"n@x.example"},"resource_metadata":{"title":"T"},"related_resource_ids":["r",null],"event_blocks":[{"type":"text","style":"bold","value":"v"}],"metadata":{"a":[1,2.50]},"logged_at":"2025-07-11T19:38:34.738123Z","created_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:35Z","is_legacy":false}"#,
    r#"{"id":9007199254740993,"created_at":"2025-07-11T19:38:34Z","actor_id":-1,"actor_name":"N","source_id":1,"source_type":"user","source_label":"L","action":"update","action_label":"Updated","change_description":"a\nb","ip_address":"10.0.0.1","url":"https://x.example/1.json"}"#,
    r#"{"id":"v1","resource_id":"r","created_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:34Z","older_than_thirty_days":false,"activity_logs":[{"id":"n1","logged_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:34Z"}],"previous":{"title":"a"},"current":{"title":"b","owners":["x"]}}"#,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_entry_is_read_or_refused(mutations in mutations(), is_head in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let (text, place) = if is_head {
                (format!("{{\"sequence\":7,\"sha256\":\"{}\"}}\n", "ab".repeat(32)).into_bytes(), "_ledger/head.json".into())
            } else {
                (entry(), path(7))
            };
            store.put(&place, PutPayload::from(mutated(&text, &mutations))).await.expect("memory");
            let ledger = Ledger::new(Arc::clone(&store));
            if let Ok(Some((sealed, bytes))) = ledger.read_bytes(7).await {
                assert_eq!(sealed.sha256, trailhouse::ledger::sha256(&bytes));
                let _is_balanced = sealed.entry.counts.balance();
            }
            drop((ledger.head().await, ledger.newest().await));
        });
    }

    #[test]
    fn a_configuration_is_read_or_refused_with_its_name(mutations in mutations()) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trailhouse.toml");
        // What is commented in the template is tried as well.
        let text = TEMPLATE.replace("\n#", "\n");
        for text in [TEMPLATE, &text] {
            #[expect(clippy::disallowed_methods, reason = "a file of the test")]
            std::fs::write(&file, mutated(text.as_bytes(), &mutations)).expect("a file is written");
            let flags = Flags { config: Some(file.clone()), ..Flags::default() };
            let environment = Environment::from_pairs(Path::new(folder.path()), &[]);
            if let Err(error) = config::load(&flags, &environment) {
                let told = error.to_string();
                prop_assert!(told.contains("trailhouse.toml") && told.len() < 2_000, "{}", told);
            }
        }
    }

    #[test]
    fn of_a_record_every_byte_is_kept(mutations in mutations(), which in 0..RECORDS.len()) {
        let bytes = mutated(RECORDS[which].as_bytes(), &mutations);
        for stream in SERVICES.iter().flat_map(|service| service.streams) {
            for form in 0..stream.forms.len() {
                let layouts = Layouts::of(stream);
                let read = layouts.read(form, &bytes, LATEST);
                let kept = match read.first() {
                    Some(Ok(record)) => record.raw.as_bytes(),
                    Some(Err(reject)) => {
                        prop_assert!(!reject.reason.is_empty());
                        &reject.bytes
                    }
                    None => &[],
                };
                prop_assert_eq!(kept, &bytes[..]);
                prop_assert_eq!(&layouts.read(form, &bytes, LATEST), &read, "read twice it is another");
            }
        }
    }
}
