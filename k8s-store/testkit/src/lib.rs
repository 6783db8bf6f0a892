#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod macros;

mod case;
mod run;

pub mod cases;
pub mod defects;
pub mod faults;
pub mod generate;
pub mod history;
pub mod model;
pub mod soak;
pub mod text;
pub mod traffic;

pub use case::{Capability, Case, LeftOut, all};
pub use run::{Time, run};

/// The guide, so that what it shows is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide-store.md")]
struct Guide;
