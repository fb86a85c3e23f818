//! What an hour costs that lies in a large merged file: what is near it in time, and not the file.

use trailhouse::lake::{Compaction, Extent, Withheld};

use super::*;

/// Three groups of rows of a merged file, two in part.
const ROWS: i64 = 36_000;

async fn read_for(lake: &mut Lake, store: &Counting, records: &[Record]) -> u64 {
    store.take();
    let incoming = Incoming {
        source: SOURCE,
        stream: &AUDIT_LOGS,
        records: records.to_vec(),
        rejects: Vec::new(),
        first_load: u64::MAX,
        withheld: &Withheld::default(),
    };
    let new = lake.classify(incoming).await.expect("it is read");
    assert_eq!(new.counts.duplicates, u64::try_from(records.len()).expect("few"));
    store.take().get("data").copied().unwrap_or_default().bytes
}

#[test]
fn an_hour_within_a_merged_file_costs_what_lies_near_it() {
    let store = Arc::new(Counting::default());
    let end = "2026-05-31T00:00:00Z"
        .parse::<Timestamp>()
        .expect("a time")
        .as_microsecond();
    let later = end + 60 * 86_400_000_000;
    let all = records(MONTHS - 1, ROWS, end);
    let reads = Runtime::new().expect("threads").block_on(async {
        let opened = || Lake::open_on(Arc::clone(&store) as Arc<dyn ObjectStore>);
        let mut lake = opened().await.expect("a lake");
        let half = all.len() / 2;
        commit(&mut lake, &all[..half], end).await;
        commit(&mut lake, &all[half..], end).await;
        let task = Compaction {
            run_id: "compaction",
            started_at: later,
            clock: &|| later,
            cancelled: &AtomicBool::new(false),
            sources: &[],
            extent: Extent::Ended,
        };
        let compacted = lake.compact(&task).await.expect("the lake can be written");
        assert_eq!((compacted.files, compacted.made), (2, 1));
        let hour = &all[all.len() - 50..];
        let first = read_for(&mut lake, &store, hour).await;
        let second = read_for(&mut lake, &store, hour).await;
        let whole: Vec<Record> = all.iter().step_by(1_000).cloned().collect();
        let mut lake = opened().await.expect("a lake");
        (first, second, read_for(&mut lake, &store, &whole).await)
    });
    let (first, second, whole) = reads;
    assert_eq!(first, second, "what a run reads twice does not make it read the file");
    assert!(first * 4 < whole, "{first} bytes for the last hour, {whole} for all");
}
