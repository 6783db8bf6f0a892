//! The encoding against a real encoder's bytes, recorded objects and garbage.

mod garbage;
mod golden;
mod kubectl;
mod values;
