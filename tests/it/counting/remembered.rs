//! What a run remembers of the rows it wrote or read, so that it does not read them again.

use trailhouse::lake::{Classified, Withheld};

use super::*;

/// What the lake says of records, and how often data files were read for it.
async fn classified(lake: &mut Lake, store: &Counting, records: Vec<Record>) -> (Classified, u64) {
    store.take();
    let incoming = Incoming {
        source: SOURCE,
        stream: &AUDIT_LOGS,
        records,
        rejects: Vec::new(),
        first_load: 1,
        withheld: &Withheld::default(),
    };
    let new = lake.classify(incoming).await.expect("it is read");
    (new, store.take().get("data").copied().unwrap_or_default().requests)
}

/// As the lists of resources bring them: every load has records of the whole time, half of which the lake holds. The second
/// half of the loads is another run.
#[test]
fn loads_whose_records_are_of_all_times_read_no_file_again_and_again() {
    const LOADS: usize = 24;
    const FIRST_RUN: usize = LOADS / 2;
    let store = Arc::new(Counting::default());
    let runtime = Runtime::new().expect("threads");
    let end = Timestamp::UNIX_EPOCH.as_microsecond() + 20_000 * 86_400_000_000;
    let all: Vec<Record> = (0..3).flat_map(|month| records(month, 400, end)).collect();
    let load = |number: usize| -> Vec<Record> {
        let place = |at: &usize| [number, number + 1].contains(&(at % (LOADS + 1)));
        (0..all.len()).filter(place).map(|at| all[at].clone()).collect()
    };
    let mut reads = Vec::new();
    runtime.block_on(async {
        let opened = || Lake::open_on(Arc::clone(&store) as Arc<dyn ObjectStore>);
        let mut lake = opened().await.expect("a lake");
        for number in 0..LOADS {
            if number == FIRST_RUN {
                lake = opened().await.expect("a lake");
            }
            let (new, requests) = classified(&mut lake, &store, load(number)).await;
            reads.push(requests);
            let known = if number == 0 { 0 } else { all.len() / (LOADS + 1) };
            assert_eq!(
                new.counts.duplicates,
                u64::try_from(known).expect("few"),
                "load {number}"
            );
            commit(&mut lake, &new.records, end).await;
        }
    });
    let (first, second) = reads.split_at(FIRST_RUN);
    assert!(
        first.iter().all(|read| *read == 0),
        "a run knows what it wrote: {reads:?}"
    );
    assert!(second[0] > 0, "it does not know what another wrote: {reads:?}");
    assert_eq!(second[FIRST_RUN - 1], 0, "what it has read it knows: {reads:?}");
}

/// A run reads what it wrote only where a record says something else than what it remembers.
#[test]
fn another_content_under_a_remembered_id_is_held_against_its_file() {
    let store = Arc::new(Counting::default());
    let end = Timestamp::UNIX_EPOCH.as_microsecond() + 20_000 * 86_400_000_000;
    let all = records(0, 100, end);
    let changed = |number: usize| {
        let raw = all[number].raw.replace("edited", "changed");
        let read = Layouts::of(&AUDIT_LOGS).read(0, raw.as_bytes(), Micros::MAX).remove(0);
        read.unwrap_or_else(|reject| panic!("{}", reject.reason))
    };
    Runtime::new().expect("threads").block_on(async {
        let mut lake = Lake::open_on(Arc::clone(&store) as Arc<dyn ObjectStore>)
            .await
            .expect("a lake");
        commit(&mut lake, &all, end).await;
        let (new, requests) = classified(&mut lake, &store, vec![changed(3), all[4].clone()]).await;
        assert_eq!(
            (new.counts.revisions, new.counts.duplicates, new.counts.stored),
            (1, 1, 1)
        );
        assert!(requests > 0);
        commit(&mut lake, &new.records, end).await;
        // Both contents are remembered now, each in the file of its own load.
        let (new, requests) = classified(&mut lake, &store, vec![all[3].clone(), changed(3)]).await;
        assert_eq!((new.counts.duplicates, new.counts.stored, requests), (2, 0, 0));
        assert!(!new.met_known, "they are of this run");
        let mixed = vec![changed(5), all[5].clone(), changed(5)];
        let (new, _) = classified(&mut lake, &store, mixed).await;
        assert_eq!((new.counts.revisions, new.counts.duplicates), (1, 2));
        assert!(new.new_keys.is_empty());
    });
}
