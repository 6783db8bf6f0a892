use bytes::Bytes;
use k8s_api::GroupVersionKind;

use crate::Error;
use crate::scalar::{delimited, text};
use crate::wire::{Reader, Writer};

/// What every protobuf body of Kubernetes begins with.
pub const PREFIX: [u8; 4] = *b"k8s\0";

/// What is around an object: upstream's `runtime.Unknown`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The kind that the object says it is; parts of it may be empty.
    pub gvk: GroupVersionKind,
    /// The object's message.
    pub raw: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads what is around an object.
    ///
    /// # Errors
    /// When the bytes do not begin with [`PREFIX`] or are malformed.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        let body = bytes.strip_prefix(&PREFIX).ok_or(Error::Prefix)?;
        if body.is_empty() {
            return Err(Error::NoBody);
        }
        let mut envelope = Self::default();
        let mut reader = Reader::new(body);
        while let Some(tag) = reader.tag("Unknown")? {
            match tag.number {
                1 => envelope.gvk = type_meta(delimited(&mut reader, tag, "TypeMeta")?)?,
                2 => envelope.raw = delimited(&mut reader, tag, "Raw")?,
                // Encoding and type of the content: never set by anybody, and not looked at upstream.
                _ => reader.skip(tag)?,
            }
        }
        Ok(envelope)
    }
}

fn type_meta(bytes: &[u8]) -> Result<GroupVersionKind, Error> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    let mut reader = Reader::new(bytes);
    while let Some(tag) = reader.tag("TypeMeta")? {
        match tag.number {
            1 => api_version = text(delimited(&mut reader, tag, "APIVersion")?),
            2 => kind = text(delimited(&mut reader, tag, "Kind")?),
            _ => reader.skip(tag)?,
        }
    }
    Ok(GroupVersionKind::parse(&api_version, &kind))
}

/// Writes what is around an object, whose message `write` writes.
pub(crate) fn wrap(
    gvk: &GroupVersionKind,
    capacity: usize,
    write: impl FnOnce(&mut Writer) -> Result<(), Error>,
) -> Result<Bytes, Error> {
    let mut writer = Writer::with_capacity(capacity + 64);
    writer.field(4, b"");
    writer.field(3, b"");
    let before = writer.len();
    write(&mut writer)?;
    writer.close(2, before);
    let before = writer.len();
    writer.field(2, gvk.kind.as_bytes());
    writer.field(1, gvk.api_version().as_bytes());
    writer.close(1, before);
    writer.put(&PREFIX);
    Ok(writer.finish())
}
