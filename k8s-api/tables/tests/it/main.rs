//! Tables against what a real server and kubectl showed.
#![expect(clippy::unwrap_used, reason = "tests")]

mod golden;
mod human;
mod kinds;
mod pods;
mod story;
mod wire;
