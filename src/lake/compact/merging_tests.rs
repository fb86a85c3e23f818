//! Merging in several passes into several files, as a month does that is far larger than memory: the same with small sizes.

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::memory::InMemory;

use super::choose::SIZES;
use super::*;
use crate::coverage::StreamState;
use crate::lake::Draft;
use crate::lake::parquet::{Selection, read_columns};
use crate::ledger::LoadPart;
use crate::record::{Layouts, Record};
use crate::schema::{SECOND, format_time};
use crate::source::secoda::{ACTIVITY_LOGS, AUDIT_LOGS};

const BEGIN: Micros = 1_767_225_600 * SECOND;
const LOADS: u64 = 14;
const ROWS: u64 = 150;

/// Of no order in time, as lists of resources bring them.
fn records(load: u64) -> Vec<Record> {
    let layouts = Layouts::of(&AUDIT_LOGS);
    let mut random = fastrand::Rng::with_seed(load);
    let record = |row: u64| {
        let at = format_time(BEGIN + random.i64(0..2_000_000) * SECOND);
        let noise: String = (0..40).map(|_| random.alphanumeric()).collect();
        let text = format!(
            r#"{{"id":"{load}-{row}","logged_at":"{at}","updated_at":"{at}","related_resource_ids":["{noise}"]}}"#
        );
        layouts.read(0, text.as_bytes(), Micros::MAX).remove(0).unwrap()
    };
    (0..ROWS).map(record).collect()
}

async fn lake() -> Lake {
    let mut lake = Lake::open_on(Arc::new(InMemory::new())).await.unwrap();
    for load in 0..LOADS {
        let draft = Draft {
            kind: Kind::Sync,
            run_id: "run",
            source: "a",
            stream: &AUDIT_LOGS,
            state_name: AUDIT_LOGS.name,
            started_at: BEGIN,
            at: BEGIN,
            counts: Counts::default(),
            records: &records(load),
            rejects: &[],
            state: &StreamState::new("acme"),
        };
        lake.commit(&draft).await.unwrap();
    }
    lake
}

fn job(lake: &mut Lake, sizes: Sizes) -> Job {
    let files = lake.live_files(&ACTIVITY_LOGS).unwrap().to_vec();
    Job {
        table: &ACTIVITY_LOGS,
        partition: files[0].partition.clone(),
        files,
        sizes,
    }
}

async fn times(lake: &Lake, path: &str) -> Vec<Micros> {
    let selection = Selection {
        columns: &["logged_at"],
        within: None,
    };
    let rows = read_columns(lake.store.clone(), object_store::path::Path::from(path), &selection).await;
    let batches: Vec<arrow::array::RecordBatch> = rows.unwrap().try_collect().await.unwrap();
    let times = batches.iter().flat_map(|batch| {
        let times = arrow::array::AsArray::as_primitive::<arrow::datatypes::TimestampMicrosecondType>(batch.column(0));
        times.values().to_vec()
    });
    times.collect()
}

async fn files(lake: &Lake) -> usize {
    let all: Vec<_> = lake.store.list(None).try_collect().await.unwrap();
    let is_data = |path: &str| path.ends_with(".parquet") && !path.contains("_delta_log");
    all.iter().filter(|file| is_data(file.location.as_ref())).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_does_not_fit_becomes_several_files_in_order_with_the_same_rows() {
    let mut lake = lake().await;
    let whole = lake
        .live_files(&ACTIVITY_LOGS)
        .unwrap()
        .iter()
        .map(|file| file.size_bytes)
        .sum::<u64>();
    let sizes = Sizes {
        open_bytes: 3 << 20,
        run_bytes: 1,
        target_bytes: whole / 3,
    };
    let job = job(&mut lake, sizes);
    let mut inputs: Vec<Input> = job.files.iter().map(|file| job.input(file)).collect();
    assert!(
        groups(&mut inputs, sizes.open_bytes).is_some(),
        "they cannot all be open at once"
    );
    let written = lake.merge(&job, BEGIN).await.unwrap();
    assert!(written.len() > 1, "{} bytes in {} files", whole, written.len());
    let mut all = Vec::new();
    for written in &written {
        all.extend(times(&lake, &written.file.path).await);
    }
    assert_eq!(u64::try_from(all.len()), Ok(LOADS * ROWS));
    assert!(all.is_sorted());
    let loads = |file: &Written| file.file.loads.len();
    assert!(
        written.iter().map(loads).sum::<usize>() > usize::try_from(LOADS).unwrap(),
        "no load is split"
    );
    assert_eq!(
        files(&lake).await,
        job.files.len() + written.len(),
        "what was made on the way is gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_in_no_order_are_sorted_first() {
    let mut lake = lake().await;
    let mut job = job(&mut lake, SIZES);
    job.sizes.run_bytes = 100_000;
    let sums = RowSums::of(job.table).unwrap();
    let mut making = Making {
        job: &job,
        sums: &sums,
        named: Vec::new(),
        read: RowSum::default(),
        paths: Vec::new(),
    };
    // Files one after the other are in no order.
    let merged = lake
        .flow(&mut making, vec![job.input(&job.files[0])], WHOLE)
        .await
        .unwrap();
    assert!(lake.is_in_order(job.table, &merged[0].path).await.unwrap());
    let mut output = lake.output(&mut making).await.unwrap();
    for file in job.files.iter().take(8) {
        let path = object_store::path::Path::from(job.path(file));
        let rows = crate::lake::parquet::read_whole(lake.store.clone(), path, 64)
            .await
            .unwrap();
        let batches: Vec<_> = rows.try_collect().await.unwrap();
        for batch in batches {
            output.write(batch).await.unwrap();
        }
    }
    let shuffled = output.finish().await.unwrap();
    assert!(!lake.is_in_order(job.table, &shuffled.path).await.unwrap());
    making.read = RowSum::default();
    let input = shuffled.as_input((Micros::MIN, Micros::MAX));
    let runs = lake.sorted_runs(&mut making, &input).await.unwrap();
    assert!(runs.len() > 1, "{}", runs.len());
    for run in &runs {
        assert!(lake.is_in_order(job.table, &run.path).await.unwrap());
    }
    assert_eq!(
        (making.read.rows, runs.iter().map(|run| run.rows).sum()),
        (8 * ROWS, 8 * ROWS)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sets_of_files_are_the_same_only_with_the_same_records_of_each_load() {
    let mut lake = lake().await;
    let job = job(&mut lake, SIZES);
    let mut before = Parts::default();
    let mut parts = Vec::new();
    for file in &job.files {
        let of_file = lake.added_file(job.table, &job.path(file)).await.unwrap().loads;
        before.add(&job.path(file), &of_file);
        parts.extend(of_file.into_iter().map(|part| (job.path(file), part)));
    }
    before.check_same(&lake.store, &before).await.unwrap();
    parts.sort_by_key(|(_, part)| part.load);
    type Change = fn(&mut Vec<(String, LoadPart)>);
    let cases: [(Change, &str); 4] = [
        (|parts| parts[3].1.rows -= 1, "load 4 has 149 rows where it had 150"),
        (|parts| drop(parts.remove(3)), "load 4 has 0 rows where it had 150"),
        (
            |parts| parts[3].1.digest = parts[2].1.digest.clone(),
            "the records of load 4 are not those of its digest",
        ),
        (
            |parts| parts[3].1.load = 99,
            "150 rows of load 99, which is not among those before",
        ),
    ];
    for (change, expected) in cases {
        let (mut changed, mut after) = (parts.clone(), Parts::default());
        change(&mut changed);
        changed
            .iter()
            .for_each(|(path, part)| after.add(path, std::slice::from_ref(part)));
        let error = before.check_same(&lake.store, &after).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
