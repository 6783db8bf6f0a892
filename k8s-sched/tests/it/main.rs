//! Tests of the framework through what its users see.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cache;
mod engine;
mod plugins;
mod queue;
mod simulation;
