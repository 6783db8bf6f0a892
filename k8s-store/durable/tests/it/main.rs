//! What the durable store promises beyond the conformance kit.

#![expect(clippy::unwrap_used, reason = "tests")]

mod basics;
mod codec;
mod command;
mod crashes;
mod damage;
mod failures;
mod kills;
mod scratch;
mod trial;
mod upkeep;
mod versions;
mod waiting;
