//! Strategic merge patch: merge patch that knows which lists have keys, with directives in the patch.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/strategicpatch`.

mod list;
mod order;
mod schema;

use k8s_api::Status;
use k8s_api::status::Reason;
use serde_json::{Map, Value};

use super::unprocessable;
use crate::decode::Target;
use crate::gotext::show;
use schema::Schema;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

type Tree = Map<String, Value>;

/// Why a patch cannot be applied.
#[derive(Debug)]
enum Error {
    /// 400: a directive is malformed.
    Malformed(&'static str),
    /// 422: lists of lists.
    ListOfLists,
    /// 500, as upstream answers what it did not foresee.
    Other(String),
}

const BAD_DELETION: Error = Error::Malformed("invalid patch format of primitive list");
const BAD_RETAIN_KEYS: Error = Error::Malformed("invalid patch format of retainKeys");
const BAD_ORDER: Error = Error::Malformed("invalid patch format of setElementOrder list");

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed(message) => Self::bad_request(message),
            Error::ListOfLists => unprocessable(),
            Error::Other(message) => Self::failure(500, Reason::Unknown, message),
        }
    }
}

/// Applies a patch to an object.
pub(super) fn apply(current: Value, patch: Value, target: Target<'_>) -> Result<Value, Status> {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else { return Ok(Value::Object(Map::new())) };
    let merged = merge(current, patch, Schema::of(target))?;
    Ok(Value::Object(merged))
}

/// Lays an object of the patch over one that is there.
fn merge(mut current: Tree, mut patch: Tree, schema: Schema<'_>) -> Result<Tree, Error> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Map::new()),
            _ => Err(bad_directive(&patch)),
        };
    }
    retain_keys(&mut current, &mut patch)?;
    order::apply(&mut current, &mut patch, schema)?;
    for (key, value) in patch {
        let deletes = key.starts_with(DELETE_FROM_LIST);
        let key = if deletes { order::target_of(&key, DELETE_FROM_LIST).ok_or(BAD_DELETION)?.to_owned() } else { key };
        merge_field(&mut current, key, value, deletes, schema)?;
    }
    Ok(current)
}

fn merge_field(
    current: &mut Tree,
    key: String,
    mut value: Value,
    deletes: bool,
    schema: Schema<'_>,
) -> Result<(), Error> {
    if value.is_null() {
        current.remove(&key);
        return Ok(());
    }
    let Some(present) = current.get_mut(&key) else {
        discard_nulls(&mut value);
        store(current, key, value, deletes);
        return Ok(());
    };
    match (present.take(), value) {
        (Value::Object(present), Value::Object(patch)) => {
            let field = schema.field(&key)?;
            let merged = if field.replaces() { patch } else { merge(present, patch, field.inner())? };
            current.insert(key, Value::Object(merged));
        }
        (Value::Array(present), Value::Array(patch)) => {
            let field = schema.list(&key)?;
            let merged = if field.merges() || deletes { list::merge(present, patch, &field, deletes)? } else { patch };
            current.insert(key, Value::Array(merged));
        }
        (present, mut value) => {
            if deletes {
                current.insert(key, present);
            } else {
                if go_type(&present) != go_type(&value) {
                    discard_nulls(&mut value);
                }
                store(current, key, value, deletes);
            }
        }
    }
    Ok(())
}

/// Stores what stands only in the patch, without the directives in it.
fn store(current: &mut Tree, key: String, value: Value, deletes: bool) {
    if deletes {
        return;
    }
    match without_directives(value) {
        Some(value) => {
            current.insert(key, value);
        }
        None => {
            current.remove(&key);
        }
    }
}

/// Removes keys that the patch does not want to keep.
fn retain_keys(current: &mut Tree, patch: &mut Tree) -> Result<(), Error> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(retained) = retained else { return Err(BAD_RETAIN_KEYS) };
    let keeps = |key: &str| retained.iter().any(|kept| kept.as_str() == Some(key));
    for (key, value) in patch.iter() {
        let is_directive = key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER);
        if !value.is_null() && !is_directive && !keeps(key) {
            return Err(BAD_RETAIN_KEYS);
        }
    }
    current.retain(|key, _| keeps(key));
    Ok(())
}

/// The value without objects that carry a directive.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(entries) if entries.contains_key(DIRECTIVE) => None,
        Value::Object(entries) => Some(Value::Object(
            entries.into_iter().filter_map(|(key, value)| Some((key, without_directives(value)?))).collect(),
        )),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}

/// Nulls delete; where there is nothing to delete they must not be stored.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

fn bad_directive(patch: &Tree) -> Error {
    let directive = patch.get(DIRECTIVE).map(show).unwrap_or_default();
    let shown = show(&Value::Object(patch.clone()));
    Error::Other(format!("unknown patch type: {directive} in map: {shown}"))
}

fn no_merge_key(item: &Tree, key: &str) -> Error {
    let shown = show(&Value::Object(item.clone()));
    Error::Other(format!("map: {shown} does not contain declared merge key: {key}"))
}

/// What Go calls the type of such a value.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
