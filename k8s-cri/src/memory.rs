//! A runtime in memory: containers are rows in a table that live and die in `tokio`'s time, as a test scripts them.
//!
//! Nothing costs anything until it happens: a container that runs forever has no task and no timer.

mod behavior; // what containers do
mod builder;
mod control; // what a test does to containers
mod events;
mod exec;
mod images;
mod listener;
mod logs;
mod probe;
mod reference; // how image references are read
mod runtime; // sandboxes and containers
mod sessions;
mod shell; // a few commands that everybody types
mod state;
mod stats;

pub use behavior::{Behavior, Health, Match};
pub use builder::Builder;
pub use listener::Handler;
pub use runtime::MemoryRuntime;
