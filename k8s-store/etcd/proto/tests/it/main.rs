//! The parts that client and server share.
#![expect(clippy::unwrap_used, reason = "tests")]

mod codec;
mod rounds;
