//! The server as its clients see it, in process and in simulated time.
#![expect(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod configmaps;
mod golden;
mod harness;
mod hostile;
mod limits;
mod negotiation;
mod paths;
mod pods;
mod protobuf;
mod races;
mod rbac;
mod subresources;
mod tokens;
mod versions;
mod warnings;
mod wire;
