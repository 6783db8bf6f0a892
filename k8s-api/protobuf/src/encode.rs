//! From trees to messages, byte for byte as upstream writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use k8s_api::GroupVersionKind;
use serde_json::{Map, Value};

use crate::codec::Codec;
use crate::message::{Field, Kind, Label, Message};
use crate::wire::{FIXED64, VARINT, Writer};
use crate::{Error, envelope, scalar};

type Entries = Map<String, Value>;

impl Codec {
    /// Writes an object in its envelope.
    ///
    /// What the tree has besides the fields of its kind is left out; what it lacks is zero.
    ///
    /// # Errors
    /// When the kind is not known or a value does not fit its field.
    pub fn encode(&self, gvk: &GroupVersionKind, tree: &Value) -> Result<Bytes, Error> {
        let message = self.of_kind(gvk).ok_or_else(|| Error::Kind(gvk.clone()))?;
        envelope::wrap(gvk, 1024, |writer| Encoder(self).message(message, tree.as_object(), writer))
    }

    /// Writes a list in its envelope, `gvk` being the list's, from the trees of its items.
    ///
    /// Items are asked for from the last to the first, one at a time. `size` is about how many bytes they have.
    ///
    /// # Errors
    /// As [`encode`](Self::encode), or as the items say.
    pub fn encode_list<E: From<Error>>(
        &self,
        gvk: &GroupVersionKind,
        metadata: &Value,
        items: impl DoubleEndedIterator<Item = Result<Value, E>>,
        size: usize,
    ) -> Result<Bytes, E> {
        let list = self.of_kind(gvk).ok_or_else(|| Error::Kind(gvk.clone()))?;
        let place = |name| list.fields.iter().find(|field| field.name == name);
        let (Some(meta), Some(field)) = (place("metadata"), place("items")) else {
            return Err(Error::Kind(gvk.clone()).into());
        };
        let encoder = Encoder(self);
        let mut failed = None;
        let bytes = envelope::wrap(gvk, size, |writer| {
            for item in items.rev() {
                match item {
                    Ok(item) => encoder.value(field, field.number, Some(&item), writer)?,
                    Err(error) => {
                        failed = Some(error);
                        return Ok(());
                    }
                }
            }
            encoder.value(meta, meta.number, Some(metadata), writer)
        })?;
        failed.map_or(Ok(bytes), Err)
    }
}

struct Encoder<'a>(&'a Codec);

impl Encoder<'_> {
    fn message(&self, message: &Message, tree: Option<&Entries>, writer: &mut Writer) -> Result<(), Error> {
        message.fields.iter().rev().try_for_each(|field| self.field(field, tree, writer))
    }

    fn field(&self, field: &Field, tree: Option<&Entries>, writer: &mut Writer) -> Result<(), Error> {
        if let Kind::Embedded(message) = &field.kind {
            let before = writer.len();
            self.message(message, tree, writer)?;
            writer.close(field.number, before);
            return Ok(());
        }
        let value = tree.and_then(|tree| tree.get(field.name)).filter(|value| !value.is_null());
        match (field.label, value) {
            (Label::Plain, None) if matches!(field.kind, Kind::Bytes) => Ok(()),
            (Label::Plain, value) => self.value(field, field.number, value, writer),
            (_, None) => Ok(()),
            (Label::Optional, value) => self.value(field, field.number, value, writer),
            (Label::Repeated, Some(value)) => {
                let items = value.as_array().ok_or_else(|| misfit(field))?;
                items.iter().rev().try_for_each(|item| self.value(field, field.number, Some(item), writer))
            }
            (Label::Map, Some(value)) => {
                let entries = value.as_object().ok_or_else(|| misfit(field))?;
                // A serde_json map is sorted by key, as upstream sorts before it writes.
                entries.iter().rev().try_for_each(|(key, value)| self.entry(field, key, value, writer))
            }
        }
    }

    fn entry(&self, field: &Field, key: &str, value: &Value, writer: &mut Writer) -> Result<(), Error> {
        let before = writer.len();
        if !(value.is_null() && matches!(field.kind, Kind::Bytes)) {
            self.value(field, 2, Some(value), writer)?;
        }
        writer.field(1, key.as_bytes());
        writer.close(field.number, before);
        Ok(())
    }

    /// Writes a value with its length and tag; zero if there is none.
    fn value(&self, field: &Field, number: u32, value: Option<&Value>, writer: &mut Writer) -> Result<(), Error> {
        let value = value.filter(|value| !value.is_null());
        let fit = |fits: Option<()>| fits.ok_or_else(|| misfit(field));
        match &field.kind {
            Kind::Int32 | Kind::Int64 => {
                let number = value.map_or(Some(0), Value::as_i64);
                writer.varint(number.ok_or_else(|| misfit(field))? as u64);
            }
            Kind::Bool => {
                let set = value.map_or(Some(false), Value::as_bool);
                writer.varint(u64::from(set.ok_or_else(|| misfit(field))?));
            }
            Kind::Double => {
                let number = value.map_or(Some(0.0), Value::as_f64);
                writer.put(&number.ok_or_else(|| misfit(field))?.to_le_bytes());
            }
            _ => {}
        }
        let wire_type = field.kind.wire_type();
        if matches!(wire_type, VARINT | FIXED64) {
            writer.tag(number, wire_type);
            return Ok(());
        }
        let before = writer.len();
        match (&field.kind, value) {
            (Kind::Quantity, None) => writer.field(1, b"0"),
            (Kind::IntOrString, value) => fit(scalar::write_int_or_string(value.unwrap_or(&Value::Null), writer))?,
            (Kind::Message(place), value) => self.object(field, *place, value, writer)?,
            (Kind::SchemaOrBool(place), value) => self.schema_or_bool(field, *place, value, writer)?,
            (_, None) => {}
            (Kind::String, Some(value)) => fit(value.as_str().map(|text| writer.put(text.as_bytes())))?,
            (Kind::Bytes, Some(value)) => {
                let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
                fit(bytes.map(|bytes| writer.put(&bytes)))?;
            }
            (Kind::Time, Some(value)) => fit(value.as_str().and_then(|text| scalar::write_time(text, false, writer)))?,
            (Kind::MicroTime, Some(value)) => {
                fit(value.as_str().and_then(|text| scalar::write_time(text, true, writer)))?;
            }
            (Kind::Quantity, Some(Value::String(text))) => writer.field(1, text.as_bytes()),
            (Kind::Quantity, Some(Value::Number(number))) => writer.field(1, number.to_string().as_bytes()),
            (Kind::Json, Some(value)) => writer.field(1, value.to_string().as_bytes()),
            (Kind::Strings, Some(value)) => fit(strings(1, value, writer))?,
            (Kind::SchemaOrArray(place), Some(Value::Array(items))) => {
                items.iter().rev().try_for_each(|item| self.schema(field, 2, *place, item, writer))?;
            }
            (Kind::SchemaOrStrings(_), Some(value @ Value::Array(_))) => fit(strings(2, value, writer))?,
            (Kind::SchemaOrArray(place) | Kind::SchemaOrStrings(place), Some(value)) => {
                self.schema(field, 1, *place, value, writer)?;
            }
            _ => return Err(misfit(field)),
        }
        writer.close(number, before);
        Ok(())
    }

    fn object(&self, field: &Field, place: usize, value: Option<&Value>, writer: &mut Writer) -> Result<(), Error> {
        let tree = match value {
            None => None,
            Some(value) => Some(value.as_object().ok_or_else(|| misfit(field))?),
        };
        let message = self.0.message(place).ok_or_else(|| misfit(field))?;
        self.message(message, tree, writer)
    }

    fn schema(
        &self,
        field: &Field,
        number: u32,
        place: usize,
        value: &Value,
        writer: &mut Writer,
    ) -> Result<(), Error> {
        let before = writer.len();
        self.object(field, place, Some(value), writer)?;
        writer.close(number, before);
        Ok(())
    }

    fn schema_or_bool(
        &self,
        field: &Field,
        place: usize,
        value: Option<&Value>,
        writer: &mut Writer,
    ) -> Result<(), Error> {
        let allows = match value {
            None => false,
            Some(Value::Bool(allows)) => *allows,
            Some(schema) => {
                self.schema(field, 2, place, schema, writer)?;
                true
            }
        };
        writer.varint(u64::from(allows));
        writer.tag(1, VARINT);
        Ok(())
    }
}

fn strings(number: u32, value: &Value, writer: &mut Writer) -> Option<()> {
    value.as_array()?.iter().rev().try_for_each(|item| item.as_str().map(|text| writer.field(number, text.as_bytes())))
}

fn misfit(field: &Field) -> Error {
    Error::Misfit { field: field.name }
}
