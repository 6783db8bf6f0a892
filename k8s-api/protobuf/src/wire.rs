//! The wire format: tags, variable-length integers and length-delimited bytes.

mod reader;
mod writer;

pub(crate) use reader::{Reader, Tag};
pub(crate) use writer::Writer;

pub(crate) const VARINT: u8 = 0;
pub(crate) const FIXED64: u8 = 1;
pub(crate) const BYTES: u8 = 2;
pub(crate) const START_GROUP: u8 = 3;
pub(crate) const END_GROUP: u8 = 4;
pub(crate) const FIXED32: u8 = 5;
