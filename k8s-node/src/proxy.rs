//! From Service and EndpointSlice objects to the rules that a node's service proxy understands.
//!
//! Upstream: `pkg/proxy`.

mod compile;
mod services;

pub use services::Compiler;
