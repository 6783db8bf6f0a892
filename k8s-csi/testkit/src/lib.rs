#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a judge panics when a promise is broken")]

mod macros;
mod run;
mod subject;

pub mod cases;

pub use run::{run, run_simulated};
pub use subject::{Driver, Files, Subject};
