//! The strategies against what a real server answered.

mod golden;
mod rules;
