//! What the memory store and the layers promise beyond the conformance kit.

#![expect(clippy::unwrap_used, reason = "tests")]

mod against_model;
mod end;
mod history;
mod leases;
mod maintenance;
mod many_keys;
mod requests;
mod threads;
mod watches;
