//! The encoding against a real encoder's bytes, recorded objects and garbage.
#![expect(clippy::unwrap_used, reason = "tests")]

mod garbage;
mod golden;
mod kubectl;
mod values;
