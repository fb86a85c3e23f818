//! The durable steps of a run, counted, so that a test can end the process at each of them and see that nothing is lost.
//! Apart from the writers because lake, ledger and warehouse all pass through it.

use std::sync::atomic::{AtomicU64, Ordering};

static REACHED: AtomicU64 = AtomicU64::new(0);
static KILL_AT: AtomicU64 = AtomicU64::new(0);

/// Plans the end of this process at the given step, counted from 1; 0 plans nothing.
pub fn kill_at(step: u64) {
    KILL_AT.store(step, Ordering::SeqCst);
}

/// Says that the process stands just before or after something durable. Where the end is planned here, the process is
/// killed as by `kill -9`: no destructor runs and nothing is flushed.
pub fn reached(name: &'static str) {
    let step = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    let planned = KILL_AT.load(Ordering::SeqCst);
    if planned > 0 {
        tracing::info!("passes step {step}: {name}");
    }
    if step == planned {
        tracing::error!("ends here, as planned, at step {step}: {name}");
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        tracing::error!("could not end: {killed:?}");
        std::process::abort();
    }
}
