#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod macros;
mod scenario;
mod world;

mod faults;
mod ledger;
mod stage;
mod state;

pub mod cases;
pub mod roles;

pub use faults::{Faults, Weather};
pub use roles::Role;
pub use scenario::Scenario;
pub use world::World;

/// The guide, so that what it shows is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide-controller.md")]
struct Guide;
