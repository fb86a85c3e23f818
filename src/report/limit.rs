//! A time limit for a query: another thread ends it when the time is over.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::ReportError;
use crate::sql::Report;
use crate::warehouse::Warehouse;

/// Does `work`, whose queries of `warehouse` end with an error when `limit` is over.
pub(super) fn within<T>(
    warehouse: &Warehouse,
    report: &Report,
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<T, ReportError>,
) -> Result<T, ReportError> {
    let Some(limit) = limit else {
        return work();
    };
    let interrupt = warehouse.interrupter();
    let (done, is_done) = channel::<()>();
    let watch = move || {
        let is_over = is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if is_over {
            interrupt();
        }
        is_over
    };
    std::thread::scope(|scope| {
        let watching = scope.spawn(watch);
        let worked = work();
        drop(done);
        let is_over = watching.join().unwrap_or(false);
        match worked {
            Err(ReportError::Warehouse(_)) if is_over => Err(ReportError::TimeLimit {
                report: report.name.clone(),
                limit,
            }),
            other => other,
        }
    })
}
