use super::{BYTES, END_GROUP, FIXED32, FIXED64, START_GROUP, VARINT};
use crate::Error;

/// Reads values off the front of a message.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// What stands before a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    pub(crate) number: u32,
    pub(crate) wire_type: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next field of the message of this name; `None` at its end.
    pub(crate) fn tag(&mut self, message: &'static str) -> Result<Option<Tag>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let wire = self.varint()?;
        // As upstream, which keeps numbers in an int32.
        let number = (wire >> 3) as i32;
        let wire_type = (wire & 7) as u8;
        if wire_type == END_GROUP {
            return Err(Error::StrayGroup { message });
        }
        match u32::try_from(number) {
            Ok(number) if number > 0 => Ok(Some(Tag { number, wire_type })),
            _ => Err(Error::Tag { message, number, wire }),
        }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0;
        for (shift, byte) in (0..64).step_by(7).zip(self.rest) {
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                self.rest = &self.rest[shift / 7 + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { Error::Truncated } else { Error::Overflow })
    }

    pub(crate) fn fixed64(&mut self) -> Result<[u8; 8], Error> {
        let (value, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(*value)
    }

    /// A length and as many bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = self.varint()?;
        if i64::try_from(length).is_err() {
            return Err(Error::NegativeLength);
        }
        self.take(usize::try_from(length).map_err(|_| Error::Truncated)?)
    }

    /// Passes over the value of a field that nobody knows.
    pub(crate) fn skip(&mut self, tag: Tag) -> Result<(), Error> {
        let mut open = 0_usize;
        let mut wire_type = tag.wire_type;
        loop {
            match wire_type {
                VARINT => drop(self.varint()?),
                FIXED64 => drop(self.take(8)?),
                BYTES => drop(self.bytes()?),
                START_GROUP => open += 1,
                END_GROUP => open = open.checked_sub(1).ok_or(Error::EndOfGroup)?,
                FIXED32 => drop(self.take(4)?),
                other => return Err(Error::WireType(other)),
            }
            if open == 0 {
                return Ok(());
            }
            wire_type = (self.varint()? & 7) as u8;
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (value, rest) = self.rest.split_at_checked(length).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(value)
    }
}
