//! What a monitoring system reads of the daemon, in the text format of Prometheus: a file, or `/metrics` on this machine. Its own
//! file because names and labels are a contract with whoever has made a dashboard of them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;

use super::super::standing::Standing;
use super::super::{Context, Failure};
use crate::atomic;
use crate::config::Scheduled;
use crate::schedule::Record;
use crate::schema::Micros;

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What was last seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) jobs: Vec<(Scheduled, Record)>,
    pub(super) standings: Vec<Standing>,
    pub(super) alerts_sent: u64,
    pub(super) alerts_failed: u64,
}

/// Shared with those who ask.
pub(super) type Shared = Arc<Mutex<Seen>>;

/// A metric: its name, kind and meaning.
type Metric = (&'static str, &'static str, &'static str);

/// Lines that begin alike are kept together, as the format wants it.
#[derive(Default)]
struct Page {
    metrics: Vec<Metric>,
    lines: BTreeMap<&'static str, String>,
}

impl Page {
    fn add(&mut self, metric: Metric, labels: &[(&str, &str)], value: impl Display) {
        if !self.lines.contains_key(metric.0) {
            self.metrics.push(metric);
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let lines = self.lines.entry(metric.0).or_default();
        lines.push_str(&format!("{}{labels} {value}\n", metric.0));
    }

    fn text(&self) -> String {
        let metrics = self.metrics.iter().map(|(name, kind, meaning)| {
            let lines = self.lines.get(name).map(String::as_str).unwrap_or_default();
            format!("# HELP {name} {meaning}\n# TYPE {name} {kind}\n{lines}")
        });
        metrics.collect()
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Seen {
    /// The page as of now: what runs on by itself, such as the lag, is counted to this moment.
    pub(super) fn page(&self, now: Micros) -> String {
        let mut page = Page::default();
        page.add(
            (
                "trailhouse_build_info",
                "gauge",
                "Always 1; the version of the program.",
            ),
            &[("version", env!("CARGO_PKG_VERSION"))],
            1,
        );
        for (entry, record) in &self.jobs {
            add_job(&mut page, entry, record, now);
        }
        for standing in &self.standings {
            add_stream(&mut page, standing, now);
        }
        let alerts = [
            (
                ("trailhouse_alerts_sent_total", "counter", "Messages that arrived."),
                self.alerts_sent,
            ),
            (
                (
                    "trailhouse_alerts_failed_total",
                    "counter",
                    "Attempts to send a message that failed, and events given up.",
                ),
                self.alerts_failed,
            ),
        ];
        for (metric, count) in alerts {
            page.add(metric, &[], count);
        }
        page.text()
    }
}

fn add_job(page: &mut Page, entry: &Scheduled, record: &Record, now: Micros) {
    let labels: &[(&str, &str)] = &[("job", &entry.name)];
    let seconds = |at: Timestamp| format!("{}.{:03}", at.as_second(), at.subsec_millisecond());
    if let Some(at) = record.last_success_at {
        let metric = (
            "trailhouse_job_last_success_timestamp_seconds",
            "gauge",
            "When the job last ended with 0 or 3.",
        );
        page.add(metric, labels, seconds(at));
    }
    if let Some(last) = &record.last {
        let metric = ("trailhouse_job_last_exit_code", "gauge", "How the job last ended.");
        page.add(metric, labels, last.exit_code);
        let duration = last.finished_at.duration_since(last.started_at).as_millis();
        let metric = (
            "trailhouse_job_last_duration_seconds",
            "gauge",
            "How long the job last took.",
        );
        page.add(
            metric,
            labels,
            format!("{}.{:03}", duration / 1_000, duration.rem_euclid(1_000)),
        );
    }
    let now = Timestamp::from_microsecond(now).unwrap_or_default();
    if let Some(next) = entry.timing.next(now) {
        let metric = (
            "trailhouse_job_next_timestamp_seconds",
            "gauge",
            "When the job is due next.",
        );
        page.add(metric, labels, next.timestamp().as_second());
    }
}

fn add_stream(page: &mut Page, standing: &Standing, now: Micros) {
    let labels: &[(&str, &str)] = &[("source", &standing.source), ("stream", &standing.stream)];
    let measured: [(Metric, Option<i128>); 6] = [
        (
            (
                "trailhouse_stream_lag_seconds",
                "gauge",
                "How long ago the end of what is collected lies.",
            ),
            standing.lag_seconds(now).map(i128::from),
        ),
        (
            (
                "trailhouse_stream_gap_seconds",
                "gauge",
                "How much time is missing in what is collected.",
            ),
            Some(standing.gap_seconds().into()),
        ),
        (
            (
                "trailhouse_stream_rows",
                "gauge",
                "Rows in the lake, revisions included.",
            ),
            Some(standing.state.rows.into()),
        ),
        (
            ("trailhouse_stream_rejects", "gauge", "Records that could not be read."),
            Some(standing.state.rejects.into()),
        ),
        (
            (
                "trailhouse_stream_days_until_loss",
                "gauge",
                "Days until the vendor drops what is not collected.",
            ),
            standing.days_until_loss(now).map(i128::from),
        ),
        (
            (
                "trailhouse_stream_last_load_timestamp_seconds",
                "gauge",
                "When a load last ended.",
            ),
            standing.last_load.1.map(|at| i128::from(at / crate::schema::SECOND)),
        ),
    ];
    for (metric, value) in measured {
        if let Some(value) = value {
            page.add(metric, labels, value);
        }
    }
}

/// Replaces the file; others may read it, for that is what it is for.
pub(super) fn write(path: &Path, page: &str) -> Result<(), atomic::AtomicError> {
    atomic::replace_with(path, Some(0o644), |file| {
        std::io::Write::write_all(file, page.as_bytes())
    })
}

/// Serves the page until the program ends.
pub(super) async fn listen(address: SocketAddr, shared: Shared) -> Result<SocketAddr, Failure> {
    let unusable = |error: std::io::Error| {
        Failure::failed(format!("--metrics-listen {address}: {error}")).hinted("name another port; 0 takes a free one")
    };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(unusable)?;
    let bound = listener.local_addr().map_err(unusable)?;
    let router = Router::new().route("/metrics", get(answer)).with_state(shared);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("metrics are not served any more: {error}");
        }
    });
    Ok(bound)
}

async fn answer(State(shared): State<Shared>) -> impl IntoResponse {
    let page = shared
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .page(Context::now());
    ([(CONTENT_TYPE, FORMAT)], page)
}
