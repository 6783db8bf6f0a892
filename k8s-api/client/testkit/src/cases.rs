//! The cases, one module for each subject. Each takes a fresh road and panics if a promise is broken.

use crate::Case;

pub mod bodies;
pub mod deletions;
pub mod identities;
pub mod interruptions;
pub mod lists;
pub mod nodes;
pub mod options;
pub mod patches;
pub mod raw;
pub mod refusals;
pub mod visibility;
pub mod warnings;
pub mod watches;

mod support;

/// What [`conformance!`](crate::conformance) runs.
pub const TRANSPORT: &[Case] = crate::__transport_cases! { __list, () };

/// What [`node_conformance!`](crate::node_conformance) runs.
pub const NODES: &[Case] = crate::__node_cases! { __list, () };
