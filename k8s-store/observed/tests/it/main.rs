//! What is counted and what is traced.

#![expect(clippy::unwrap_used, reason = "tests")]

mod metrics;
mod traces;
