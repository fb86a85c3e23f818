//! trailhouse: a local analytics warehouse loader for audit trails.
//!
//! The modules below stand in the order of the data, and a module may use only modules above it:
//!
//! ```text
//! source -> http -> page -> record -> batch -> lake (Parquet, ledger, Delta) -> warehouse (DuckDB) -> report -> render
//! ```
//!
//! The lake is the truth, and a ledger entry is its commit: data files are made durable, then the entry that names them is
//! created, then the Delta logs and the warehouse follow. Whoever writes next first finishes what a killed run left.

pub mod atomic;
pub mod schema;
pub mod source;
pub mod http;
pub mod coverage;
pub mod pull;
pub mod record;
pub mod batch;
pub mod ledger;
pub mod lake;
pub mod sql;
pub mod warehouse;
pub mod load;
pub mod report;
pub mod render;
pub mod evidence;
pub mod audit;
pub mod simulator;
pub mod config;
pub mod schedule;
pub mod alert;
pub mod command;
