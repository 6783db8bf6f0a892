#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod macros;
mod run;

pub mod cases;
pub mod model;
pub mod text;

pub use run::{run, run_simulated};
