//! The cases, one module for each subject. Each takes a fresh store and panics if a promise is broken.

use crate::Case;

pub mod bounds;
pub mod closing;
pub mod compaction;
pub mod comparisons;
pub mod concurrency;
pub mod histories;
pub mod leases;
pub mod modelled;
pub mod past;
pub mod progress;
pub mod ranges;
pub mod reopening;
pub mod resumption;
pub mod revisions;
pub mod status;
pub mod transactions;
pub mod upkeep;
pub mod watches;

mod subject;
mod support;

pub use subject::{Leased, Maintained, Opened, Place, leased, maintained, place, store};

/// What [`conformance!`](crate::conformance) runs.
pub const STORE: &[Case] = crate::__store_cases! { __list, () };

/// What [`lease_conformance!`](crate::lease_conformance) runs.
pub const LEASES: &[Case] = crate::__lease_cases! { __list, () };

/// What [`maintenance_conformance!`](crate::maintenance_conformance) runs.
pub const MAINTENANCE: &[Case] = crate::__maintenance_cases! { __list, () };

/// What [`reopening_conformance!`](crate::reopening_conformance) runs.
pub const REOPENING: &[Case] = crate::__reopening_cases! { __list, () };
