//! argv in, exit code out.

use std::process::ExitCode;

/// For DuckDB as well. What is freed goes back to the system after half a second; `.cargo/config.toml` says how.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    rustix::process::umask(rustix::fs::Mode::from_bits_retain(0o077));
    trailhouse::command::run(std::env::args_os())
}
