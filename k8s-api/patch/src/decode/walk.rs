//! One pass over a value and its schema: unknown fields drop out, wrong types are told, texts become canonical.

use k8s_api::quantity::{self, ParseError};
use k8s_api::schema::{Field, Shape, Table, Type, TypeId};
use serde_json::{Map, Value};

use super::Strict;
use crate::gotext::{base64, time};
use crate::json::{Node, number, push_index, push_key};

/// Whose words errors are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Go's JSON decoder: goes on after a wrong type and tells of the first.
    Json,
    /// Upstream's converter from trees, which reads the result of a strategic merge patch: stops at the first.
    Converter,
}

/// Reads a value as a type.
///
/// # Errors
/// With upstream's message when something has the wrong type.
pub(crate) fn walk(
    node: Node,
    table: &Table,
    ty: &Type,
    flavour: Flavour,
    strict: &mut Strict,
) -> Result<Value, String> {
    let mut walker =
        Walker { table, flavour, strict, path: String::new(), fields: Vec::new(), owner: None, first: None };
    let tree = match node {
        Node::Object(entries) => walker.fields(entries, ty)?,
        _ => Value::Object(Map::new()),
    };
    match walker.first {
        None => Ok(tree),
        Some(error) => Err(error),
    }
}

struct Walker<'t, 's> {
    table: &'t Table,
    flavour: Flavour,
    strict: &'s mut Strict,
    /// `spec.containers[0]`; kept only while somebody wants strict errors.
    path: String,
    /// The fields on the way here.
    fields: Vec<&'t str>,
    /// The type whose field is being read.
    owner: Option<&'t Type>,
    /// The first wrong type that was passed over.
    first: Option<String>,
}

/// How to name the Go type of what is being read.
#[derive(Clone, Copy)]
enum Named<'t> {
    Field(&'t Field),
    Item(&'t Field),
    Shape(&'t Shape),
}

/// A value, or none when the field should be as if absent.
type Read = Result<Option<Value>, String>;

impl<'t> Walker<'t, '_> {
    fn fields(&mut self, entries: Vec<(String, Node)>, ty: &'t Type) -> Result<Value, String> {
        let mut tree = Map::new();
        // Fields that were there and left nothing, to know repeated ones by.
        let mut empty: Vec<&str> = Vec::new();
        let owner = self.owner.replace(ty);
        for (key, node) in entries {
            let len = self.enter_key(&key);
            match ty.field(&key) {
                None => self.strict.unknown(&self.path),
                Some(field) => {
                    if self.flavour == Flavour::Json && (tree.contains_key(&key) || empty.contains(&&*key)) {
                        self.strict.duplicate(&self.path);
                    }
                    self.fields.push(field.name());
                    let value = self.value(node, field.shape(), Named::Field(field))?;
                    self.fields.pop();
                    if value.is_none() && !empty.contains(&field.name()) {
                        empty.push(field.name());
                    }
                    self.put(&mut tree, key, value, field.shape());
                }
            }
            self.path.truncate(len);
        }
        self.owner = owner;
        Ok(Value::Object(tree))
    }

    /// Stores a field. A repeated one is read onto what the first left, as Go does.
    fn put(&self, tree: &mut Map<String, Value>, key: String, value: Option<Value>, shape: &Shape) {
        let Some(value) = value else { return };
        match tree.get_mut(&key) {
            Some(earlier) => overlay(earlier, value, shape, self.table),
            None => {
                tree.insert(key, value);
            }
        }
    }

    fn enter_key(&mut self, key: &str) -> usize {
        let len = self.path.len();
        if self.strict.is_on() {
            push_key(&mut self.path, key);
        }
        len
    }

    fn enter_index(&mut self, idx: usize) -> usize {
        let len = self.path.len();
        if self.strict.is_on() {
            push_index(&mut self.path, idx);
        }
        len
    }

    fn value(&mut self, node: Node, shape: &'t Shape, named: Named<'t>) -> Read {
        if node == Node::Null {
            return Ok(None);
        }
        match shape {
            Shape::String => match node {
                Node::String(text) => Ok(Some(Value::String(text))),
                other => self.mismatch(&other, named),
            },
            Shape::Bool => match node {
                Node::Bool(flag) => Ok(Some(Value::Bool(flag))),
                other => self.mismatch(&other, named),
            },
            Shape::Int32 => self.int(node, i64::from(i32::MIN)..=i64::from(i32::MAX), named),
            Shape::Int64 => self.int(node, i64::MIN..=i64::MAX, named),
            Shape::Float => match node {
                Node::Int(n) => Ok(Some(Value::from(n))),
                Node::Number(text) => Ok(Some(number(&text))),
                other => self.mismatch(&other, named),
            },
            Shape::Bytes => self.bytes(node, named),
            Shape::Time => self.text(node, time::seconds),
            Shape::MicroTime => self.text(node, time::microseconds),
            Shape::Duration => self.text(node, |text| Ok(text.to_owned())),
            Shape::Quantity => quantity_of(&node).map(|text| Some(Value::String(text))).map_err(|e| e.to_string()),
            Shape::IntOrString => self.int_or_string(node),
            Shape::Any(_) => Ok(Some(node.into_value())),
            Shape::Array(inner) => self.array(node, inner, named),
            Shape::Map(inner) => self.map(node, inner, named),
            Shape::Object(id) => self.object(node, *id, named),
        }
    }

    fn object(&mut self, node: Node, id: TypeId, named: Named<'t>) -> Read {
        let ty = &self.table[id];
        if let Some(alias) = ty.alias() {
            return self.value(node, alias, named);
        }
        match node {
            Node::Object(entries) => self.fields(entries, ty).map(Some),
            other => self.wrong_container(&other, "struct from:", named),
        }
    }

    fn array(&mut self, node: Node, inner: &'t Shape, named: Named<'t>) -> Read {
        let Node::Array(nodes) = node else { return self.wrong_container(&node, "slice from", named) };
        let mut items = Vec::with_capacity(nodes.len());
        for (idx, node) in nodes.into_iter().enumerate() {
            let len = self.enter_index(idx);
            let item = self.value(node, inner, inner_name(named, inner))?;
            self.path.truncate(len);
            items.push(item.unwrap_or_else(|| zero(inner)));
        }
        Ok(Some(Value::Array(items)))
    }

    fn map(&mut self, node: Node, inner: &'t Shape, named: Named<'t>) -> Read {
        let Node::Object(entries) = node else { return self.wrong_container(&node, "map from", named) };
        let mut tree = Map::new();
        for (key, node) in entries {
            let len = self.enter_key(&key);
            if tree.contains_key(&key) && self.flavour == Flavour::Json {
                self.strict.duplicate(&self.path);
            }
            let value = self.value(node, inner, inner_name(named, inner))?;
            self.path.truncate(len);
            tree.insert(key, value.unwrap_or_else(|| zero(inner)));
        }
        Ok(Some(Value::Object(tree)))
    }

    fn int(&mut self, node: Node, range: std::ops::RangeInclusive<i64>, named: Named<'t>) -> Read {
        match node {
            Node::Int(n) if range.contains(&n) => Ok(Some(Value::from(n))),
            Node::Number(text) if &*text == "-0" => Ok(Some(Value::from(0))),
            // The converter cuts what is too long, and takes floats that are whole.
            Node::Int(n) if self.flavour == Flavour::Converter => Ok(Some(Value::from(n as i32))),
            Node::Number(text) if self.flavour == Flavour::Converter => match text.parse::<f64>() {
                Ok(n) if n.fract() == 0.0 => Ok(Some(Value::from(n as i64))),
                _ => Err(format!("cannot convert float64 to {}", self.go_type(named))),
            },
            other => self.mismatch(&other, named),
        }
    }

    fn bytes(&mut self, node: Node, named: Named<'t>) -> Read {
        let Node::String(text) = node else { return self.wrong_container(&node, "slice from", named) };
        match base64::check(text) {
            Ok(text) => Ok(Some(Value::String(text))),
            Err(error) if self.flavour == Flavour::Converter => Err(format!("error decoding from json: {error}")),
            Err(error) => {
                self.first.get_or_insert(error);
                Ok(None)
            }
        }
    }

    /// Reads what upstream's own code reads from a string.
    fn text(&mut self, node: Node, read: fn(&str) -> Result<String, String>) -> Read {
        match node {
            Node::String(text) => Ok(Some(Value::String(read(&text)?))),
            other => Err(self.wrong_type(other.word(), "string")),
        }
    }

    fn int_or_string(&mut self, node: Node) -> Read {
        match node {
            Node::String(text) => Ok(Some(Value::String(text))),
            Node::Int(n) if i32::try_from(n).is_ok() => Ok(Some(Value::from(n))),
            other => Err(self.wrong_type(&long_word(&other), "int32")),
        }
    }

    fn wrong_container(&mut self, node: &Node, what: &str, named: Named<'t>) -> Read {
        match self.flavour {
            Flavour::Json => self.mismatch(node, named),
            Flavour::Converter => Err(format!("cannot restore {what} {}", go_kind(node))),
        }
    }

    /// Notes a wrong type and goes on, or stops, as the flavour does.
    fn mismatch(&mut self, node: &Node, named: Named<'t>) -> Read {
        let go_type = self.go_type(named);
        if self.flavour == Flavour::Converter {
            let converts = matches!(node, Node::Int(_) | Node::Number(_)) && shape_of(named) == &Shape::String;
            return Err(if converts {
                format!("cannot convert {} to {go_type}", go_kind(node))
            } else {
                format!("unrecognized type: {}", go_kind_of(shape_of(named)))
            });
        }
        if self.first.is_none() {
            let wants_number = matches!(shape_of(named), Shape::Int32 | Shape::Int64 | Shape::Float);
            let word = if wants_number { long_word(node) } else { node.word().to_owned() };
            self.first = Some(self.wrong_type(&word, &go_type));
        }
        Ok(None)
    }

    fn wrong_type(&self, word: &str, go_type: &str) -> String {
        match self.owner {
            Some(owner) if self.flavour == Flavour::Json => {
                let (owner, fields) = (owner.go_name(), self.fields.join("."));
                format!("json: cannot unmarshal {word} into Go struct field {owner}.{fields} of type {go_type}")
            }
            _ => format!("json: cannot unmarshal {word} into Go value of type {go_type}"),
        }
    }

    fn go_type(&self, named: Named<'t>) -> String {
        match named {
            Named::Field(field) => field.go_type(self.table),
            Named::Item(field) => field.go_item_type(self.table).unwrap_or_else(|| shape_of(named).go_type(self.table)),
            Named::Shape(shape) => shape.go_type(self.table),
        }
    }
}

fn inner_name<'t>(named: Named<'t>, inner: &'t Shape) -> Named<'t> {
    match named {
        Named::Field(field) => Named::Item(field),
        _ => Named::Shape(inner),
    }
}

fn shape_of(named: Named<'_>) -> &Shape {
    match named {
        Named::Field(field) => field.shape(),
        Named::Item(field) => field.shape().inner().unwrap_or(field.shape()),
        Named::Shape(shape) => shape,
    }
}

/// Go's decoder shows a number where it wanted another.
fn long_word(node: &Node) -> String {
    match node {
        Node::Int(n) => format!("number {n}"),
        Node::Number(text) => format!("number {text}"),
        other => other.word().to_owned(),
    }
}

fn go_kind(node: &Node) -> &'static str {
    match node {
        Node::Null => "invalid",
        Node::Bool(_) => "bool",
        Node::Int(_) => "int64",
        Node::Number(_) => "float64",
        Node::String(_) => "string",
        Node::Array(_) => "slice",
        Node::Object(_) => "map",
    }
}

fn go_kind_of(shape: &Shape) -> &'static str {
    match shape {
        Shape::String => "string",
        Shape::Int32 => "int32",
        Shape::Int64 => "int64",
        Shape::Float => "float64",
        Shape::Bool => "bool",
        Shape::Array(_) | Shape::Bytes => "slice",
        Shape::Map(_) => "map",
        _ => "struct",
    }
}

/// What null leaves in a list or a map: Go's zero value.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::String => Value::from(""),
        Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => Value::from(0),
        Shape::Bool => Value::from(false),
        Shape::Quantity => Value::from("0"),
        Shape::Bytes => Value::from(""),
        // Go has null here, which it takes for empty when it reads it back; typed clients do not.
        Shape::Array(_) => Value::Array(Vec::new()),
        Shape::Map(_) | Shape::Object(_) => Value::Object(Map::new()),
        _ => Value::Null,
    }
}

fn quantity_of(node: &Node) -> Result<String, ParseError> {
    let number;
    let text = match node {
        Node::String(text) => text.trim(),
        Node::Int(n) => {
            number = n.to_string();
            &number
        }
        Node::Number(text) => text,
        _ => return Err(ParseError::Format),
    };
    quantity::canonical(text).map(std::borrow::Cow::into_owned)
}

/// Lays the later value of a repeated field over the earlier one.
fn overlay(earlier: &mut Value, later: Value, shape: &Shape, table: &Table) {
    match (earlier, later) {
        (Value::Object(earlier), Value::Object(later)) if !matches!(shape, Shape::Any(_)) => {
            let ty = shape.object().map(|id| &table[id]);
            for (key, value) in later {
                let inner = ty.and_then(|ty| ty.field(&key)).map(Field::shape);
                match (earlier.get_mut(&key), inner) {
                    (Some(earlier), Some(inner)) => overlay(earlier, value, inner, table),
                    _ => {
                        earlier.insert(key, value);
                    }
                }
            }
        }
        (earlier, later) => *earlier = later,
    }
}
