//! The one way in which an object is written: what upstream's encoder leaves out, we leave out.
//!
//! Go's `omitempty` makes `""`, `0`, `[]` and an absent field the same for everything but pointers. Typed strategies
//! clear such fields with [`tidy`]; [`tree`] does the same for objects without a Rust type, by the schema's flags.

use std::collections::BTreeMap;

use k8s_api::quantity::Quantity;
use k8s_api::schema::{Field, Shape, Table, Type};
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

/// A value that Go's `omitempty` may leave out.
pub trait Blank {
    /// Whether it is left out.
    fn is_blank(&self) -> bool;
}

impl Blank for String {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Blank for ByteString {
    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

impl Blank for bool {
    fn is_blank(&self) -> bool {
        !*self
    }
}

impl Blank for i32 {
    fn is_blank(&self) -> bool {
        *self == 0
    }
}

impl Blank for i64 {
    fn is_blank(&self) -> bool {
        *self == 0
    }
}

impl<T> Blank for Vec<T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Blank for BTreeMap<K, V> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// Clears a field that holds nothing.
pub fn tidy<T: Blank>(field: &mut Option<T>) {
    if field.as_ref().is_some_and(Blank::is_blank) {
        *field = None;
    }
}

/// Clears the fields of a struct that hold nothing: `tidy!(spec => cluster_ip, selector)`.
#[macro_export]
macro_rules! tidy {
    ($object:expr => $($field:ident),+ $(,)?) => { $( $crate::canonical::tidy(&mut $object.$field); )+ };
}

/// Clears what metadata leaves out.
pub fn meta(meta: &mut ObjectMeta) {
    crate::tidy!(meta => name, generate_name, namespace, self_link, uid, resource_version, generation, labels,
        annotations, owner_references, finalizers, managed_fields);
}

/// Brings all but the metadata of an object of this type into canonical form.
pub fn rest(table: &Table, ty: &Type, object: &mut Map<String, Value>) {
    for one in ty.fields().iter().filter(|f| !matches!(f.name(), "apiVersion" | "kind" | "metadata")) {
        field(table, one, object);
    }
}

/// Brings an object of this type into canonical form: blank fields go, structs and fields that Go always writes come.
pub fn tree(table: &Table, ty: &Type, object: &mut Map<String, Value>) {
    for one in ty.fields() {
        field(table, one, object);
    }
}

fn field(table: &Table, field: &Field, object: &mut Map<String, Value>) {
    match object.get_mut(field.name()) {
        Some(value) if !value.is_null() => {
            shape(table, field.shape(), value);
            if field.omits_empty() {
                if !field.is_pointer() && blank(field.shape(), value) {
                    object.remove(field.name());
                }
            } else if value.as_array().is_some_and(Vec::is_empty) {
                // Upstream stores objects in an encoding that does not tell an empty list from none.
                *value = Value::Null;
            }
        }
        present => match (absent(table, field), present.is_some()) {
            (Some(value), _) => drop(object.insert(field.name().to_owned(), value)),
            (None, true) => drop(object.remove(field.name())),
            (None, false) => {}
        },
    }
}

fn shape(table: &Table, shape_of: &Shape, value: &mut Value) {
    match (shape_of, value) {
        (Shape::Object(id), Value::Object(object)) => tree(table, &table[*id], object),
        (Shape::Quantity, value) => quantity(value),
        (Shape::Array(inner), Value::Array(items)) if holds_more(inner) => {
            for item in items {
                shape(table, inner, item);
            }
        }
        (Shape::Map(inner), Value::Object(entries)) if holds_more(inner) => {
            for entry in entries.values_mut() {
                shape(table, inner, entry);
            }
        }
        _ => {}
    }
}

fn holds_more(shape: &Shape) -> bool {
    match shape {
        Shape::Object(_) | Shape::Quantity => true,
        Shape::Array(inner) | Shape::Map(inner) => holds_more(inner),
        _ => false,
    }
}

fn quantity(value: &mut Value) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Ok(number) = Quantity::parse(&text) {
        *value = number.to_string().into();
    }
}

fn blank(shape: &Shape, value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty() && matches!(shape, Shape::String | Shape::Bytes),
        Value::Number(number) => {
            number.as_f64() == Some(0.0) && matches!(shape, Shape::Int32 | Shape::Int64 | Shape::Float)
        }
        Value::Bool(set) => !set,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty() && matches!(shape, Shape::Map(_)),
        Value::Null => true,
    }
}

/// What Go writes for a field that nobody set.
fn absent(table: &Table, field: &Field) -> Option<Value> {
    match field.shape() {
        Shape::Object(id) if !field.is_pointer() => {
            let mut object = Map::new();
            tree(table, &table[*id], &mut object);
            Some(Value::Object(object))
        }
        _ if field.omits_empty() => None,
        _ if field.is_pointer() => Some(Value::Null),
        Shape::String => Some("".into()),
        Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString => Some(0.into()),
        Shape::Bool => Some(false.into()),
        Shape::Quantity => Some("0".into()),
        Shape::Duration => Some("0s".into()),
        _ => Some(Value::Null),
    }
}
