//! The strategies through their public interface, and against what a real server answered.

mod faces;
mod golden;
mod services;
mod table;
