#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod store;

mod provider;
mod ring;

mod comparisons;
mod data_keys;
mod envelope;
mod values;
mod watch;

mod rewrite;

pub use builder::Builder;
pub use provider::{DataKey, KeyError, KeyProvider, WrappedKey};
pub use rewrite::Rewritten;
pub use ring::KeyRing;
pub use store::Encrypted;
