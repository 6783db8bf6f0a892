//! Values that JSON and protobuf write differently.

use jiff::Timestamp;
use serde_json::Value;

use crate::Error;
use crate::wire::{BYTES, Reader, Tag, VARINT, Writer};

/// Go's zero time, 1 January of the year 1, in seconds.
const ZERO_TIME: i64 = -62_135_596_800;

/// Text, with a mark in place of what is no UTF-8, as Go's JSON encoder writes it.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number as Go's JSON encoder writes it: without a fraction when there is none.
pub(crate) fn number(value: f64) -> Value {
    // Whatever is smaller than this is exact.
    if value.fract() == 0.0 && value.abs() < 9.0e15 { Value::from(value as i64) } else { Value::from(value) }
}

/// Reads the message of a time; null for Go's zero time.
pub(crate) fn read_time(bytes: &[u8], micro: bool) -> Result<Value, Error> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader::new(bytes);
    while let Some(tag) = reader.tag("Timestamp")? {
        match tag.number {
            1 => seconds = varint(&mut reader, tag, "Seconds")? as i64,
            2 => nanos = varint(&mut reader, tag, "Nanos")? as i32,
            _ => reader.skip(tag)?,
        }
    }
    if seconds == ZERO_TIME && (!micro || nanos / 1000 == 0) {
        return Ok(Value::Null);
    }
    // Upstream drops the fraction where JSON has none.
    let nanos = if micro { nanos / 1000 * 1000 } else { 0 };
    let time = Timestamp::new(seconds, nanos).map_err(|_| Error::Time)?;
    if time < Timestamp::constant(-62_167_219_200, 0) {
        return Err(Error::Time);
    }
    Ok(Value::String(if micro { format!("{time:.6}") } else { time.to_string() }))
}

/// Writes the message of a time, without its length; `None` if the text is no time.
pub(crate) fn write_time(text: &str, micro: bool, writer: &mut Writer) -> Option<()> {
    let time: Timestamp = text.parse().ok()?;
    let (mut seconds, mut nanos) = (time.as_second(), time.subsec_nanosecond());
    if nanos < 0 {
        (seconds, nanos) = (seconds - 1, nanos + 1_000_000_000);
    }
    if (seconds, nanos) == (ZERO_TIME, 0) {
        return Some(());
    }
    let nanos = if micro { nanos / 1000 * 1000 } else { 0 };
    writer.varint(nanos as u64);
    writer.tag(2, VARINT);
    writer.varint(seconds as u64);
    writer.tag(1, VARINT);
    Some(())
}

/// Reads the message of a number or string.
pub(crate) fn read_int_or_string(bytes: &[u8]) -> Result<Value, Error> {
    let (mut kind, mut int, mut string) = (0, 0, &b""[..]);
    let mut reader = Reader::new(bytes);
    while let Some(tag) = reader.tag("IntOrString")? {
        match tag.number {
            1 => kind = varint(&mut reader, tag, "Type")? as i64,
            2 => int = varint(&mut reader, tag, "IntVal")? as i32,
            3 => string = delimited(&mut reader, tag, "StrVal")?,
            _ => reader.skip(tag)?,
        }
    }
    Ok(if kind == 0 { int.into() } else { text(string).into() })
}

/// Writes the message of a number or string, without its length.
pub(crate) fn write_int_or_string(value: &Value, writer: &mut Writer) -> Option<()> {
    let (kind, int, string) = match value {
        Value::String(string) => (1, 0, string.as_str()),
        Value::Null => (0, 0, ""),
        other => (0, other.as_i64()?, ""),
    };
    writer.field(3, string.as_bytes());
    writer.varint(int as u64);
    writer.tag(2, VARINT);
    writer.varint(kind);
    writer.tag(1, VARINT);
    Some(())
}

/// The bytes of the first field of a message that has no other: a quantity's text, raw JSON. The last one counts.
pub(crate) fn read_only<'a>(bytes: &'a [u8], message: &'static str, field: &str) -> Result<&'a [u8], Error> {
    let mut found = &b""[..];
    let mut reader = Reader::new(bytes);
    while let Some(tag) = reader.tag(message)? {
        match tag.number {
            1 => found = delimited(&mut reader, tag, field)?,
            _ => reader.skip(tag)?,
        }
    }
    Ok(found)
}

pub(crate) fn varint(reader: &mut Reader<'_>, tag: Tag, field: &str) -> Result<u64, Error> {
    if tag.wire_type == VARINT { reader.varint() } else { Err(wrong(field, tag)) }
}

pub(crate) fn delimited<'a>(reader: &mut Reader<'a>, tag: Tag, field: &str) -> Result<&'a [u8], Error> {
    if tag.wire_type == BYTES { reader.bytes() } else { Err(wrong(field, tag)) }
}

pub(crate) fn wrong(field: impl Into<String>, tag: Tag) -> Error {
    Error::Field { field: field.into(), found: tag.wire_type }
}
