//! The one integration test binary: the program as a user meets it, against a simulated service on a real socket.

mod environment;
mod exactness;
mod faults;
mod kills;
mod prism;
mod reports;
mod tidy;
mod tools;
