#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a judge panics when a promise is broken")]

mod macros;

mod case;
mod run;
mod subject;
mod talker;

pub mod cases;

pub use case::{Ability, Case, all};
pub use run::{Judged, Time, run};
pub use subject::{Agents, Roads, Subject};
pub use talker::Talker;
