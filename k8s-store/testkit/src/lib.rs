#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod macros;
mod run;

pub mod cases;
pub mod model;
pub mod text;

pub use run::{run, run_simulated};

/// The guide, so that what it shows is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide-store.md")]
struct Guide;
