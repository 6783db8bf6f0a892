//! In which order a merged list stands.

use serde_json::Value;

use super::list::{self, item_type};
use super::schema::{Merged, Schema};
use super::{BAD_ORDER, DIRECTIVE, ELEMENT_ORDER, Error, Tree, go_type, no_merge_key, without_directives};
use crate::gotext::show;

/// The field that a directive with a prefix, `$setElementOrder/containers`, is about.
pub(super) fn target_of<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)?.strip_prefix('/')
}

/// Merges and orders the lists for which the patch states an order, and takes them out of it.
pub(super) fn apply(current: &mut Tree, patch: &mut Tree, schema: Schema<'_>) -> Result<(), Error> {
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        let order = list_of(order)?;
        let key = target_of(&directive, ELEMENT_ORDER).ok_or(BAD_ORDER)?;
        let field_patch = patch.get(key).cloned().map(list_of).transpose()?;
        let present = current.get(key).cloned().map(list_of).transpose()?;
        let field = schema.list(key)?;
        check_order(field_patch.as_deref().unwrap_or_default(), &order, field.merge_key())?;
        let Some(ordered) = merged(present, field_patch, &order, &field)? else { continue };
        current.insert(key.to_owned(), Value::Array(ordered));
        patch.remove(key);
    }
    Ok(())
}

fn merged(
    present: Option<Vec<Value>>,
    patch: Option<Vec<Value>>,
    order: &[Value],
    field: &Merged<'_>,
) -> Result<Option<Vec<Value>>, Error> {
    let key = field.merge_key();
    let merged = match (&present, &patch) {
        (None, None) => return Ok(None),
        (Some(present), None) => present.clone(),
        (None, Some(patch)) => match without_directives(Value::Array(patch.clone())) {
            Some(Value::Array(items)) => items,
            _ => return Ok(None),
        },
        (Some(present), Some(patch)) if field.merges() => list::merge(present.clone(), patch.clone(), field, false)?,
        (Some(_), Some(patch)) => patch.clone(),
    };
    let (from_patch, server_only) = partition(merged, order, key)?;
    let present = present.unwrap_or_default();
    item_type(&[&present, patch.as_deref().unwrap_or_default()])?;
    normalize(from_patch, server_only, order, &present, key).map(Some)
}

fn list_of(value: Value) -> Result<Vec<Value>, Error> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(wrong_type("[]interface {}", &other)),
    }
}

fn wrong_type(expected: &str, actual: &Value) -> Error {
    Error::Other(format!("expected a {expected}, but received a {}", go_type(actual)))
}

/// The patch must name its items in the order that it states.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), Error> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = patch.iter().filter(|item| item.get(DIRECTIVE).is_none()).peekable();
    for ordered in order {
        let Some(item) = wanted.peek() else { break };
        if key_value(item, key)? == key_value(ordered, key)? {
            wanted.next();
        }
    }
    if wanted.peek().is_none() {
        return Ok(());
    }
    let (patch, order) = (show(&Value::Array(patch.to_vec())), show(&Value::Array(order.to_vec())));
    Err(Error::Other(format!("The order in patch list:\n{patch}\n doesn't match {ELEMENT_ORDER} list:\n{order}\n")))
}

/// What tells an item from others: its key's value, or itself.
fn key_value<'v>(item: &'v Value, key: Option<&str>) -> Result<&'v Value, Error> {
    let Some(key) = key else { return Ok(item) };
    let Value::Object(entries) = item else { return Err(wrong_type("map[string]interface {}", item)) };
    entries.get(key).ok_or_else(|| no_merge_key(entries, key))
}

/// Parts the items that stand in a list from those that do not.
pub(super) fn partition(items: Vec<Value>, by: &[Value], key: Option<&str>) -> Result<(Vec<Value>, Vec<Value>), Error> {
    let (mut there, mut not_there) = (Vec::new(), Vec::new());
    for item in items {
        key_value(&item, key)?;
        if place(by, &item, key).is_some() {
            there.push(item);
        } else {
            not_there.push(item);
        }
    }
    Ok((there, not_there))
}

/// Orders what the patch names as the patch does, the rest as it was, and merges the two by where they were.
pub(super) fn normalize(
    mut from_patch: Vec<Value>,
    mut server_only: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, Error> {
    sort(&mut from_patch, patch_order, key)?;
    sort(&mut server_only, server_order, key)?;
    let mut merged = Vec::with_capacity(from_patch.len() + server_only.len());
    let mut left = server_only.into_iter().peekable();
    let mut right = from_patch.into_iter().peekable();
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let earlier = place(server_order, l, key).zip(place(server_order, r, key)).is_some_and(|(l, r)| l < r);
        merged.extend(if earlier { left.next() } else { right.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

fn sort(items: &mut [Value], order: &[Value], key: Option<&str>) -> Result<(), Error> {
    for item in items.iter().chain(order) {
        if item.is_object() || key.is_some() {
            key_value(item, key)?;
        }
    }
    // Every item to be sorted stands in the order, or in none of it.
    items.sort_by_cached_key(|item| place(order, item, key));
    Ok(())
}

fn place(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    let wanted = key_value(item, key).ok()?;
    list.iter().position(|other| key_value(other, key).is_ok_and(|other| other == wanted))
}
