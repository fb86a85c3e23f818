//! How long one record takes from its bytes to its columns, and a load's records to Arrow.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trailhouse::batch::{Stamp, of_records};
use trailhouse::record::{Layouts, Record};
use trailhouse::simulator::workspace::{Settings, Workspace};
use trailhouse::simulator::{Simulator, TOKEN};
use trailhouse::source::secoda::AUDIT_LOGS;

const LATEST: i64 = 4_000_000_000_000_000;

/// Records as the simulated service sends them.
fn records() -> Vec<String> {
    let end_at = "2026-06-30T12:00:00Z".parse().expect("a time");
    let simulator = Simulator::new(Workspace::draw(&Settings::new(1, 2_000, 90, end_at)));
    assert_eq!(simulator.switches.token, TOKEN);
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let running = runtime.block_on(simulator.start(0)).expect("the simulator listens");
    let truth = running.truth();
    truth.latest().values().map(ToString::to_string).collect()
}

fn flatten(criterion: &mut Criterion) {
    let records = records();
    let layouts = Layouts::of(&AUDIT_LOGS);
    let bytes: usize = records.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("flatten");
    group.throughput(Throughput::Bytes(u64::try_from(bytes).expect("small")));
    group.bench_function(format!("{} records", records.len()), |bencher| {
        bencher.iter(|| {
            records
                .iter()
                .filter(|record| layouts.read(0, black_box(record.as_bytes()), LATEST)[0].is_ok())
                .count()
        });
    });
    let flat: Vec<Record> = records
        .iter()
        .filter_map(|record| layouts.read(0, record.as_bytes(), LATEST).remove(0).ok())
        .collect();
    let references: Vec<&Record> = flat.iter().collect();
    let stamp = Stamp {
        load: 1,
        stream: "audit_logs".to_owned(),
        loaded_at: 0,
        stable_version: 1,
    };
    group.bench_function(format!("{} records to Arrow", references.len()), |bencher| {
        bencher.iter(|| {
            of_records(AUDIT_LOGS.main().table, black_box(&references), &stamp)
                .expect("they fit")
                .len()
        });
    });
    group.finish();
}

criterion_group!(benches, flatten);
criterion_main!(benches);
