//! The judges' cases, on what this crate has for each trait.
#![expect(clippy::unwrap_used, reason = "tests")]

mod admission;
mod authenticators;
mod authorizers;
mod transport;
