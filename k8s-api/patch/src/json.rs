//! JSON as it stands in a body: keys in order, repeated ones included, and numbers as they were written.
//!
//! Errors read as those of Go's `encoding/json`, which clients see.

mod parse;

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

pub(crate) use parse::parse;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number, as it was written.
    Number(Box<str>),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// What Go's decoder calls such a value.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The tree without repeated keys, of which the last counts.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(n) => Value::from(n),
            Self::Number(text) => number(&text),
            Self::String(text) => Value::String(text),
            Self::Array(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(entries) => {
                Value::Object(entries.into_iter().map(|(key, value)| (key, value.into_value())).collect())
            }
        }
    }

    /// Tells of every key that is repeated, with its path, the first time each is found.
    pub(crate) fn duplicates(&self, path: &mut String, found: &mut impl FnMut(&str)) {
        let len = path.len();
        match self {
            Self::Object(entries) => {
                let mut seen = BTreeSet::new();
                for (key, value) in entries {
                    push_key(path, key);
                    if !seen.insert(key) {
                        found(path);
                    }
                    value.duplicates(path, found);
                    path.truncate(len);
                }
            }
            Self::Array(items) => {
                for (idx, item) in items.iter().enumerate() {
                    push_index(path, idx);
                    item.duplicates(path, found);
                    path.truncate(len);
                }
            }
            _ => {}
        }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(n) => n.as_i64().map_or_else(|| Self::Number(n.to_string().into()), Self::Int),
            Value::String(text) => Self::String(text),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(entries) => {
                Self::Object(entries.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}

/// The number nearest to this text; one that is too large for any is null.
pub(crate) fn number(text: &str) -> Value {
    let whole = text.parse::<u64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(text.parse().ok()?)).map_or(Value::Null, Value::Number)
}

/// An object of one entry.
pub(crate) fn entry(map: &mut Map<String, Value>, key: &str, text: &str) {
    map.insert(key.to_owned(), Value::String(text.to_owned()));
}

/// Appends a key to a path as strict decoding prints it.
pub(crate) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Appends an index to a path as strict decoding prints it.
pub(crate) fn push_index(path: &mut String, idx: usize) {
    path.push('[');
    path.push_str(&idx.to_string());
    path.push(']');
}
