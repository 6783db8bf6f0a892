#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a judge panics when a promise is broken")]

mod macros;

mod case;
mod cluster;
mod lookup;
mod question;
mod subject;
mod write;

pub mod cases;

pub use case::{Ability, Case, all};
pub use k8s_api_client_testkit::{Time, run};
pub use question::Question;
pub use subject::{Admitting, Authenticating, Authorizing};
