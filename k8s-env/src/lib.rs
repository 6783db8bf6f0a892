#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod clock;
mod random;
mod tasks;

pub use clock::Clock;
pub use random::Random;
pub use tasks::{Spawner, Tasks};

mod env;
pub use env::Env;
