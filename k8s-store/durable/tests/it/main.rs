//! What the durable store promises beyond the conformance kit.

#![expect(clippy::unwrap_used, reason = "tests")]

mod basics;
mod crashes;
mod scratch;
mod trial;
