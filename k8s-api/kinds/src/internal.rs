//! Objects as upstream's server sees them inside: messages print these, not what clients sent.
//!
//! Upstream converts every object into an internal type before it looks at it, and prints that type with `%v`-like JSON:
//! Go's field names in Go's order, `null` for what is absent, a few fields in another place. `generated/internal.txt`
//! lists those fields: below the name of a type one line for each, with the name that is printed (`?` when an empty
//! value is left out), the name on the wire (`^` when it stands one level higher there) and the type: `s` text, `i`
//! number, `b` flag, `q` quantity, `n` number or text, `j` anything, `*` what may be `null`, `[]` a list, `{}` a map.
//!
//! Upstream: `pkg/apis/<group>/types.go`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;

use crate::diff::unified;
use crate::shown::Literal;

/// A value of the type with this internal name as messages print it.
pub fn show(ty: &str, value: &impl Serialize) -> Literal {
    let mut text = String::new();
    tree(ty, value).compact(&mut text);
    Literal(text)
}

/// What changed between two values of the type with this internal name: a unified diff of their indented forms.
pub fn diff(ty: &str, old: &impl Serialize, new: &impl Serialize) -> String {
    unified(&indented(ty, old), &indented(ty, new))
}

fn indented(ty: &str, value: &impl Serialize) -> String {
    let mut text = String::new();
    tree(ty, value).indented(&mut text, 0);
    text
}

fn tree(ty: &str, value: &impl Serialize) -> Node {
    let value = serde_json::to_value(value).unwrap_or_default();
    node(ty, Some(&value), None)
}

struct Field<'a> {
    /// The name that is printed; empty when the fields of the value are printed in its place.
    shown: &'a str,
    omitted_when_empty: bool,
    wire: &'a str,
    ty: &'a str,
}

fn types() -> &'static BTreeMap<&'static str, Vec<Field<'static>>> {
    static TYPES: OnceLock<BTreeMap<&'static str, Vec<Field<'static>>>> = OnceLock::new();
    TYPES.get_or_init(|| parse(include_str!("generated/internal.txt")))
}

fn parse(table: &str) -> BTreeMap<&str, Vec<Field<'_>>> {
    let mut types: BTreeMap<&str, Vec<Field<'_>>> = BTreeMap::new();
    let mut current = "";
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(""), Some(shown), Some(wire), Some(ty)) => types.entry(current).or_default().push(Field {
                shown: shown.trim_end_matches('?').trim_start_matches('='),
                omitted_when_empty: shown.ends_with('?'),
                wire,
                ty,
            }),
            (Some(name), ..) => {
                types.entry(name).or_default();
                current = name;
            }
            _ => {}
        }
    }
    types
}

/// A printed value: what is no object or list is text already.
enum Node {
    Leaf(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

fn node(ty: &str, value: Option<&Value>, above: Option<&Value>) -> Node {
    let value = value.filter(|v| !v.is_null());
    if let Some(inner) = ty.strip_prefix('*') {
        return if value.is_some() { node(inner, value, above) } else { null() };
    }
    if let Some(inner) = ty.strip_prefix("[]") {
        let Some(Value::Array(items)) = value else { return null() };
        return Node::List(items.iter().map(|item| node(inner, Some(item), None)).collect());
    }
    if let Some(inner) = ty.strip_prefix("{}") {
        let Some(Value::Object(entries)) = value else { return null() };
        return Node::Object(entries.iter().map(|(key, v)| (key.clone(), node(inner, Some(v), None))).collect());
    }
    match (ty, value) {
        ("s" | "i" | "b" | "q" | "n" | "j", Some(value)) => Node::Leaf(leaf(value)),
        ("s", None) => Node::Leaf("\"\"".to_owned()),
        ("i" | "n", None) => Node::Leaf("0".to_owned()),
        ("b", None) => Node::Leaf("false".to_owned()),
        ("q", None) => Node::Leaf("\"0\"".to_owned()),
        ("j", None) => null(),
        _ => object(ty, value, above),
    }
}

fn object(ty: &str, value: Option<&Value>, above: Option<&Value>) -> Node {
    let mut printed = Vec::new();
    for field in types().get(ty).map(Vec::as_slice).unwrap_or_default() {
        let raw = match field.wire.strip_prefix('^') {
            Some(wire) => above.and_then(|v| v.get(wire)),
            None => value.and_then(|v| v.get(field.wire)),
        };
        let node = node(field.ty, raw, value);
        match node {
            Node::Object(inner) if field.shown.is_empty() => printed.extend(inner),
            _ if field.omitted_when_empty && raw.is_none_or(is_empty) => {}
            node => printed.push((field.shown.to_owned(), node)),
        }
    }
    Node::Object(printed)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
    }
}

fn null() -> Node {
    Node::Leaf("null".to_owned())
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A text as Go's JSON encoder writes it: safe to stand in HTML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Node {
    fn compact(&self, out: &mut String) {
        match self {
            Self::Leaf(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    item.compact(out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for (i, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    out.push_str(&quoted(key));
                    out.push(':');
                    value.compact(out);
                }
                out.push('}');
            }
        }
    }

    fn indented(&self, out: &mut String, depth: usize) {
        match self {
            Self::List(items) if !items.is_empty() => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    line(out, i > 0, depth + 1);
                    item.indented(out, depth + 1);
                }
                line(out, false, depth);
                out.push(']');
            }
            Self::Object(entries) if !entries.is_empty() => {
                out.push('{');
                for (i, (key, value)) in entries.iter().enumerate() {
                    line(out, i > 0, depth + 1);
                    out.push_str(&quoted(key));
                    out.push_str(": ");
                    value.indented(out, depth + 1);
                }
                line(out, false, depth);
                out.push('}');
            }
            other => other.compact(out),
        }
    }
}

fn line(out: &mut String, comma: bool, depth: usize) {
    out.push_str(if comma { ",\n" } else { "\n" });
    out.extend(std::iter::repeat_n(' ', depth));
}
