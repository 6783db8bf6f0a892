#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod codec;
mod envelope;
mod error;
mod frame;
mod message;
mod scalar;
mod wire;

mod decode;
mod encode;

pub use codec::Codec;
pub use envelope::{Envelope, PREFIX};
pub use error::Error;
pub use frame::frame;
