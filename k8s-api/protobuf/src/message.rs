use k8s_api::schema::Omit;

use crate::wire::{BYTES, FIXED64, VARINT};

/// A message type: a type of the table as protobuf has it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Its name in Go.
    pub(crate) name: &'static str,
    /// Sorted by number.
    pub(crate) fields: Box<[Field]>,
}

/// A field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// Its key in JSON; empty for [`Kind::Embedded`].
    pub(crate) name: &'static str,
    pub(crate) label: Label,
    pub(crate) kind: Kind,
    pub(crate) omit: Omit,
}

/// How often a field occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Once: upstream writes it also when it is zero.
    Plain,
    /// Once or not at all: a pointer in Go.
    Optional,
    /// Once for each item of a list.
    Repeated,
    /// Once for each entry of a map, as a message of key and value.
    Map,
}

/// What a field's value is.
#[derive(Debug)]
pub(crate) enum Kind {
    String,
    Int32,
    Int64,
    Bool,
    Double,
    Bytes,
    /// A message of seconds and nanoseconds.
    Time,
    /// The same; JSON has it to the microsecond.
    MicroTime,
    /// A message of one string.
    Quantity,
    /// A message of a discriminator, a number and a string.
    IntOrString,
    /// A message of bytes that are JSON.
    Json,
    /// A message of strings that is a list in JSON.
    Strings,
    /// A message at this place.
    Message(usize),
    /// A message of a schema or schemas: an object or a list in JSON. The place is that of the schema's message.
    SchemaOrArray(usize),
    /// A message of a boolean and a schema: one of both in JSON.
    SchemaOrBool(usize),
    /// A message of a schema or strings: an object or a list in JSON.
    SchemaOrStrings(usize),
    /// A message whose fields JSON has in place.
    Embedded(Box<Message>),
}

impl Message {
    pub(crate) fn field(&self, number: u32) -> Option<&Field> {
        let place = self.fields.binary_search_by_key(&number, |field| field.number).ok()?;
        self.fields.get(place)
    }
}

impl Field {
    /// Its name in Go, as far as the key in JSON says it.
    pub(crate) fn go_name(&self) -> String {
        let name = if let Kind::Embedded(message) = &self.kind { message.name } else { self.name };
        let mut chars = name.chars();
        chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
    }
}

impl Kind {
    pub(crate) fn wire_type(&self) -> u8 {
        match self {
            Self::Int32 | Self::Int64 | Self::Bool => VARINT,
            Self::Double => FIXED64,
            _ => BYTES,
        }
    }
}
