//! Bodies and patches against what a real server answered.
#![expect(clippy::unwrap_used, reason = "tests")]

mod decode;
mod golden;
mod patch;
mod strategic;
