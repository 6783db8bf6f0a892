//! From messages to the trees that JSON bodies of the same objects would be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_api::GroupVersionKind;
use k8s_api::quantity::Quantity;
use k8s_api::schema::Omit;
use serde_json::{Map, Value};

use crate::codec::Codec;
use crate::message::{Field, Kind, Label, Message};
use crate::scalar::{self, delimited, varint, wrong};
use crate::wire::{BYTES, FIXED64, Reader, Tag};
use crate::{Envelope, Error};

/// How deep objects and lists nest: what JSON decoders follow that read the tree's text later.
const DEPTH: usize = 120;

impl Codec {
    /// Reads an object in its envelope. The tree has `apiVersion` and `kind`.
    ///
    /// # Errors
    /// When the bytes are malformed or the kind is not known.
    pub fn decode(&self, bytes: &[u8]) -> Result<(GroupVersionKind, Value), Error> {
        let Envelope { gvk, raw } = Envelope::read(bytes)?;
        let tree = self.decode_raw(&gvk, raw)?;
        Ok((gvk, tree))
    }

    /// Reads an object without its envelope. The tree has `apiVersion` and `kind`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_raw(&self, gvk: &GroupVersionKind, raw: &[u8]) -> Result<Value, Error> {
        let message = self.of_kind(gvk).ok_or_else(|| Error::Kind(gvk.clone()))?;
        let mut tree = Map::new();
        Decoder(self).message(message, raw, &mut tree, 1)?;
        if !gvk.version.is_empty() {
            tree.insert("apiVersion".to_owned(), gvk.api_version().into());
        }
        tree.insert("kind".to_owned(), (&*gvk.kind).into());
        Ok(Value::Object(tree))
    }
}

struct Decoder<'a>(&'a Codec);

impl Decoder<'_> {
    /// Reads a message into a tree, with the zeros that Go would write.
    fn message(
        &self,
        message: &Message,
        bytes: &[u8],
        tree: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Error> {
        self.fields(message, bytes, tree, depth)?;
        self.zeros(message, tree);
        Ok(())
    }

    fn fields(
        &self,
        message: &Message,
        bytes: &[u8],
        tree: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(Error::Depth);
        }
        let mut reader = Reader::new(bytes);
        while let Some(tag) = reader.tag(message.name)? {
            match message.field(tag.number) {
                Some(field) => self.field(field, tag, &mut reader, tree, depth)?,
                None => reader.skip(tag)?,
            }
        }
        Ok(())
    }

    fn field(
        &self,
        field: &Field,
        tag: Tag,
        reader: &mut Reader<'_>,
        tree: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Error> {
        if let Kind::Embedded(message) = &field.kind {
            return self.fields(message, of_field(reader, tag, field)?, tree, depth);
        }
        match field.label {
            Label::Repeated => {
                let items = tree.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = items {
                    self.items(field, tag, reader, items, depth + 2)?;
                }
            }
            Label::Map => {
                let (key, value) = self.entry(field, of_field(reader, tag, field)?, depth + 2)?;
                let entries = tree.entry(field.name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(entries) = entries {
                    entries.insert(key, value);
                }
            }
            Label::Plain | Label::Optional => {
                let value = self.value(field, tag, reader, tree.remove(field.name), depth + 1)?;
                let unset = field.label == Label::Plain && is_left_out(&value, field);
                if !unset {
                    tree.insert(field.name.to_owned(), value);
                }
            }
        }
        Ok(())
    }

    /// Reads one item of a list, or several that are packed.
    fn items(
        &self,
        field: &Field,
        tag: Tag,
        reader: &mut Reader<'_>,
        items: &mut Vec<Value>,
        depth: usize,
    ) -> Result<(), Error> {
        let wire_type = field.kind.wire_type();
        if wire_type == BYTES || tag.wire_type != BYTES {
            items.push(self.value(field, tag, reader, None, depth)?);
            return Ok(());
        }
        let mut packed = Reader::new(reader.bytes()?);
        while !packed.is_empty() {
            items.push(self.value(field, Tag { wire_type, ..tag }, &mut packed, None, depth)?);
        }
        Ok(())
    }

    fn entry(&self, field: &Field, bytes: &[u8], depth: usize) -> Result<(String, Value), Error> {
        let (mut key, mut value) = (String::new(), None);
        let mut reader = Reader::new(bytes);
        while let Some(tag) = reader.tag("MapEntry")? {
            match tag.number {
                1 => key = scalar::text(of_field(&mut reader, tag, field)?),
                2 => value = Some(self.value(field, tag, &mut reader, value.take(), depth)?),
                _ => reader.skip(tag)?,
            }
        }
        Ok((key, value.unwrap_or_else(|| self.zero(&field.kind))))
    }

    /// Reads a value; what comes twice is merged into the first if it is a message.
    fn value(
        &self,
        field: &Field,
        tag: Tag,
        reader: &mut Reader<'_>,
        before: Option<Value>,
        depth: usize,
    ) -> Result<Value, Error> {
        let number = |reader: &mut Reader<'_>| {
            if tag.wire_type == field.kind.wire_type() { reader.varint() } else { Err(wrong(field.go_name(), tag)) }
        };
        match &field.kind {
            Kind::Int32 => return Ok((number(reader)? as i32).into()),
            Kind::Int64 => return Ok((number(reader)? as i64).into()),
            Kind::Bool => return Ok((number(reader)? != 0).into()),
            Kind::Double if tag.wire_type == FIXED64 => {
                return Ok(scalar::number(f64::from_le_bytes(reader.fixed64()?)));
            }
            Kind::Double => return Err(wrong(field.go_name(), tag)),
            _ => {}
        }
        let bytes = of_field(reader, tag, field)?;
        Ok(match &field.kind {
            Kind::String => scalar::text(bytes).into(),
            Kind::Bytes => STANDARD.encode(bytes).into(),
            Kind::Time => scalar::read_time(bytes, false)?,
            Kind::MicroTime => scalar::read_time(bytes, true)?,
            Kind::Quantity => {
                let text = scalar::read_only(bytes, "Quantity", "String_")?;
                if bytes.is_empty() { "0".into() } else { Quantity::parse(&scalar::text(text))?.to_string().into() }
            }
            Kind::IntOrString => scalar::read_int_or_string(bytes)?,
            Kind::Json => json(field, scalar::read_only(bytes, "RawExtension", "Raw")?, depth)?,
            Kind::Strings => strings(bytes, 1)?.into(),
            Kind::Message(place) => self.object(*place, bytes, before, depth)?,
            Kind::SchemaOrArray(place) => self.schema_or_array(*place, bytes, depth)?,
            Kind::SchemaOrBool(place) => self.schema_or_bool(*place, bytes, depth)?,
            Kind::SchemaOrStrings(place) => self.schema_or_strings(*place, bytes, depth)?,
            Kind::Embedded(_) | Kind::Int32 | Kind::Int64 | Kind::Bool | Kind::Double => Value::Null,
        })
    }

    fn object(&self, place: usize, bytes: &[u8], before: Option<Value>, depth: usize) -> Result<Value, Error> {
        let mut tree = match before {
            Some(Value::Object(tree)) => tree,
            _ => Map::new(),
        };
        if let Some(message) = self.0.message(place) {
            self.message(message, bytes, &mut tree, depth)?;
        }
        Ok(Value::Object(tree))
    }

    fn schema_or_array(&self, place: usize, bytes: &[u8], depth: usize) -> Result<Value, Error> {
        let (mut schema, mut schemas) = (Value::Null, Vec::new());
        let mut reader = Reader::new(bytes);
        while let Some(tag) = reader.tag("JSONSchemaPropsOrArray")? {
            match tag.number {
                1 => schema = self.object(place, delimited(&mut reader, tag, "Schema")?, Some(schema), depth)?,
                2 => schemas.push(self.object(place, delimited(&mut reader, tag, "JSONSchemas")?, None, depth + 1)?),
                _ => reader.skip(tag)?,
            }
        }
        Ok(if schemas.is_empty() { schema } else { schemas.into() })
    }

    fn schema_or_bool(&self, place: usize, bytes: &[u8], depth: usize) -> Result<Value, Error> {
        let (mut schema, mut allows) = (Value::Null, false);
        let mut reader = Reader::new(bytes);
        while let Some(tag) = reader.tag("JSONSchemaPropsOrBool")? {
            match tag.number {
                1 => allows = varint(&mut reader, tag, "Allows")? != 0,
                2 => schema = self.object(place, delimited(&mut reader, tag, "Schema")?, Some(schema), depth)?,
                _ => reader.skip(tag)?,
            }
        }
        Ok(if schema.is_null() { allows.into() } else { schema })
    }

    fn schema_or_strings(&self, place: usize, bytes: &[u8], depth: usize) -> Result<Value, Error> {
        let mut schema = Value::Null;
        let mut reader = Reader::new(bytes);
        while let Some(tag) = reader.tag("JSONSchemaPropsOrStringArray")? {
            match tag.number {
                1 => schema = self.object(place, delimited(&mut reader, tag, "Schema")?, Some(schema), depth)?,
                _ => reader.skip(tag)?,
            }
        }
        let strings = strings(bytes, 2)?;
        Ok(if strings.is_empty() { schema } else { strings.into() })
    }

    /// Adds what Go writes of fields that nothing was read of.
    fn zeros(&self, message: &Message, tree: &mut Map<String, Value>) {
        for field in &message.fields {
            if let Kind::Embedded(message) = &field.kind {
                self.zeros(message, tree);
            } else if writes_zero(field) && !tree.contains_key(field.name) {
                let zero = if field.label == Label::Plain { self.zero(&field.kind) } else { Value::Null };
                tree.insert(field.name.to_owned(), zero);
            }
        }
    }

    fn zero(&self, kind: &Kind) -> Value {
        match kind {
            Kind::String | Kind::Bytes => "".into(),
            Kind::Int32 | Kind::Int64 | Kind::Double | Kind::IntOrString => 0.into(),
            Kind::Bool | Kind::SchemaOrBool(_) => false.into(),
            Kind::Quantity => "0".into(),
            Kind::Message(place) => {
                let mut tree = Map::new();
                if let Some(message) = self.0.message(*place) {
                    self.zeros(message, &mut tree);
                }
                Value::Object(tree)
            }
            _ => Value::Null,
        }
    }
}

/// The bytes of a field that is no number.
fn of_field<'a>(reader: &mut Reader<'a>, tag: Tag, field: &Field) -> Result<&'a [u8], Error> {
    if tag.wire_type == BYTES { reader.bytes() } else { Err(wrong(field.go_name(), tag)) }
}

fn strings(bytes: &[u8], number: u32) -> Result<Vec<Value>, Error> {
    let mut strings = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some(tag) = reader.tag("Items")? {
        if tag.number == number {
            strings.push(scalar::text(delimited(&mut reader, tag, "Items")?).into());
        } else {
            reader.skip(tag)?;
        }
    }
    Ok(strings)
}

fn json(field: &Field, raw: &[u8], depth: usize) -> Result<Value, Error> {
    if raw.is_empty() {
        return Ok(Value::Null);
    }
    let tree: Value = serde_json::from_slice(raw).map_err(|source| Error::Json { field: field.name, source })?;
    if depth + height(&tree) > DEPTH { Err(Error::Depth) } else { Ok(tree) }
}

fn height(tree: &Value) -> usize {
    match tree {
        Value::Array(items) => 1 + items.iter().map(height).max().unwrap_or_default(),
        Value::Object(entries) => 1 + entries.values().map(height).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Whether Go leaves a value out for being zero. With `omitempty` it never does so with a struct.
fn is_left_out(value: &Value, field: &Field) -> bool {
    if field.omit == Omit::Never {
        return false;
    }
    match field.kind {
        Kind::String | Kind::Bytes => value.as_str().is_some_and(str::is_empty),
        Kind::Int32 | Kind::Int64 => value.as_i64() == Some(0),
        Kind::Double => value.as_f64() == Some(0.0),
        Kind::Bool => value == false,
        Kind::Time | Kind::MicroTime => field.omit == Omit::Zero && value.is_null(),
        _ => false,
    }
}

/// Whether Go writes a field that is not set.
fn writes_zero(field: &Field) -> bool {
    match (field.omit, field.label) {
        (Omit::Never, _) => true,
        (Omit::Zero, _) | (Omit::Empty, Label::Optional | Label::Repeated | Label::Map) => false,
        (Omit::Empty, Label::Plain) => matches!(
            field.kind,
            Kind::Message(_) | Kind::Time | Kind::MicroTime | Kind::Quantity | Kind::IntOrString | Kind::Json
        ),
    }
}
