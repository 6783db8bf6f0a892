//! YAML as upstream reads it: turned into JSON first, of several documents only the first.

use std::collections::BTreeMap;
use std::fmt;

use k8s_api::field;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Options, Spanned};

use crate::decode::Strict;
use crate::json::Node;

/// Reads a document; repeated keys are strict errors, of which the last counts.
///
/// # Errors
/// When it is no YAML: the line is upstream's, the words are the parser's own.
pub(crate) fn parse(body: &[u8], strict: &mut Strict) -> Result<Node, String> {
    let text = str::from_utf8(body).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())?;
    let text = first_document(text);
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node::Null);
    }
    if is_too_deep(text) {
        return Err(format!("yaml: exceeded max depth of {DEEPEST}"));
    }
    let mut options = Options::default();
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.with_snippet = false;
    let lined: Lined = serde_saphyr::from_str_with_options(text, options).map_err(|e| message(&e))?;
    let mut repeated = Vec::new();
    let node = lined.into_node(&mut repeated);
    if !repeated.is_empty() {
        strict.add(|| format!("yaml: unmarshal errors:\n{}", repeated.join("\n")));
    }
    Ok(node)
}

/// How deep collections may lie in one another: each level costs the parser stack before it counts them itself.
const DEEPEST: usize = 500;

/// Whether reading a YAML text could take more stack than there is: a few hundred collections in one another.
///
/// Counts generously: every bracket, wherever it stands, and every line that is indented more than those before it.
pub fn is_too_deep(text: &str) -> bool {
    let (mut brackets, mut deepest) = (0_usize, 0);
    let mut indents: Vec<usize> = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent < line.len() {
            while indents.last().is_some_and(|last| *last >= indent) {
                indents.pop();
            }
            indents.push(indent);
        }
        let opened = line.split(' ').take_while(|word| matches!(*word, "" | "-" | "?" | ":")).filter(|w| !w.is_empty());
        deepest = deepest.max(indents.len() + opened.count() + brackets);
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => brackets += 1,
                b']' | b'}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(brackets);
        }
    }
    deepest > DEEPEST
}

fn first_document(text: &str) -> &str {
    let start = text.strip_prefix("---").map_or(0, |_| 3);
    match text.get(start..).and_then(|rest| rest.find("\n---")) {
        Some(end) => text.get(..start + end).unwrap_or(text),
        None => text,
    }
}

fn message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let what = text.lines().next().unwrap_or_default();
    match error.location() {
        Some(location) => format!("yaml: line {}: {what}", location.line()),
        None => format!("yaml: {what}"),
    }
}

/// A value whose entries know the line their value begins at.
enum Lined {
    Plain(Node),
    Array(Vec<Lined>),
    Object(Vec<(String, u64, Lined)>),
}

impl Lined {
    fn into_node(self, repeated: &mut Vec<String>) -> Node {
        match self {
            Self::Plain(node) => node,
            Self::Array(items) => Node::Array(items.into_iter().map(|item| item.into_node(repeated)).collect()),
            Self::Object(lined) => {
                let mut entries: Vec<(String, Node)> = Vec::with_capacity(lined.len());
                let mut places: BTreeMap<String, usize> = BTreeMap::new();
                for (key, line, value) in lined {
                    let value = value.into_node(repeated);
                    match places.get(&key).and_then(|place| entries.get_mut(*place)) {
                        None => {
                            places.insert(key.clone(), entries.len());
                            entries.push((key, value));
                        }
                        Some((_, earlier)) => {
                            repeated.push(format!("  line {line}: key {} already set in map", field::quote(&key)));
                            *earlier = value;
                        }
                    }
                }
                Node::Object(entries)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Lined {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LinedVisitor)
    }
}

struct LinedVisitor;

impl<'de> Visitor<'de> for LinedVisitor {
    type Value = Lined;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Lined, E> {
        Ok(Lined::Plain(Node::Bool(flag)))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Lined, E> {
        Ok(Lined::Plain(Node::Int(n)))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Lined, E> {
        let node = i64::try_from(n).map_or_else(|_| Node::Number(n.to_string().into()), Node::Int);
        Ok(Lined::Plain(node))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Lined, E> {
        if n.is_finite() {
            Ok(Lined::Plain(Node::Number(n.to_string().into())))
        } else {
            Err(E::custom("not a number"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Lined, E> {
        Ok(Lined::Plain(Node::String(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Lined, E> {
        Ok(Lined::Plain(Node::String(text)))
    }

    fn visit_unit<E>(self) -> Result<Lined, E> {
        Ok(Lined::Plain(Node::Null))
    }

    fn visit_none<E>(self) -> Result<Lined, E> {
        Ok(Lined::Plain(Node::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Lined, D::Error> {
        Lined::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lined, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Lined::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lined, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value: Spanned<Lined> = map.next_value()?;
            entries.push((key, value.referenced.line(), value.value));
        }
        Ok(Lined::Object(entries))
    }
}
