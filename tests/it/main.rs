//! The one integration test binary: the program as a user meets it, against a simulated service on a real socket.

mod attacks;
mod cli;
mod demo;
mod environment;
mod exactness;
mod faults;
mod import;
mod import_files;
mod import_kills;
mod kills;
mod numbered;
mod prism;
mod probe;
mod readers;
mod reading;
mod readme;
mod reports;
mod samples;
mod secrets;
mod tidy;
mod tls;
mod tools;
mod walking;
mod zendesk;
mod views;
