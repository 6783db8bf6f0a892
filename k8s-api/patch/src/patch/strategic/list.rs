use serde_json::Value;

use super::order::{normalize, partition};
use super::schema::Merged;
use super::{DIRECTIVE, Error, bad_directive, go_type, no_merge_key};
use crate::gotext::show;

/// Lays a list of the patch over one that is there, or deletes its items from it.
pub(super) fn merge(
    current: Vec<Value>,
    patch: Vec<Value>,
    field: &Merged<'_>,
    deletes: bool,
) -> Result<Vec<Value>, Error> {
    if current.is_empty() && patch.is_empty() {
        return Ok(current);
    }
    let of_objects = item_type(&[&current, &patch])? == "map[string]interface {}";
    if !of_objects && deletes {
        return Ok(current.into_iter().filter(|item| !patch.contains(item)).collect());
    }
    let Some(key) = field.merge_key().filter(|_| of_objects) else {
        if of_objects {
            let kind = field.inner().kind();
            return Err(Error::Other(format!("cannot merge lists without merge key for {kind}")));
        }
        let mut merged = current.clone();
        merged.extend(patch.iter().cloned());
        let merged = deduplicate(merged);
        let (from_patch, server_only) = partition(merged, &patch, None)?;
        return normalize(from_patch, server_only, &patch, &current, None);
    };
    let (current, patch) = apply_directives(current, patch, key)?;
    let server_order = current.clone();
    let merged = merge_by_key(current, &patch, key, field)?;
    let (from_patch, server_only) = partition(merged, &patch, Some(key))?;
    normalize(from_patch, server_only, &patch, &server_order, Some(key))
}

/// What Go calls the type of all items; "" when there are none.
pub(super) fn item_type(lists: &[&[Value]]) -> Result<&'static str, Error> {
    let mut items = lists.iter().copied().flatten();
    let Some(first) = items.next() else {
        return Err(Error::Other("no elements in any of the given slices".to_owned()));
    };
    let first = go_type(first);
    if first == "[]interface {}" {
        return Err(Error::ListOfLists);
    }
    if items.all(|item| go_type(item) == first) {
        return Ok(first);
    }
    let shown: Vec<String> = lists.iter().map(|list| show(&Value::Array(list.to_vec()))).collect();
    Err(Error::Other(format!("list element types are not identical: [{}]", shown.join(" "))))
}

/// Carries out the `$patch` entries of the patch and returns both lists without them.
fn apply_directives(mut current: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<(Vec<Value>, Vec<Value>), Error> {
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        let Value::Object(entries) = &item else { continue };
        match entries.get(DIRECTIVE) {
            None => plain.push(item),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let wanted = entries.get(key).ok_or_else(|| no_merge_key(entries, key))?;
                    current.retain(|item| item.get(key) != Some(wanted));
                }
                Some("replace") => replace = true,
                Some("merge") => {
                    return Err(Error::Other("merging lists cannot yet be specified in the patch".to_owned()));
                }
                _ => return Err(bad_directive(entries)),
            },
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (current, plain) })
}

fn merge_by_key(mut current: Vec<Value>, patch: &[Value], key: &str, field: &Merged<'_>) -> Result<Vec<Value>, Error> {
    for item in patch {
        let Value::Object(entries) = item else { continue };
        let wanted = entries.get(key).ok_or_else(|| no_merge_key(entries, key))?;
        match current.iter_mut().find(|item| item.get(key) == Some(wanted)) {
            Some(place) => {
                let Value::Object(present) = place.take() else { continue };
                *place = Value::Object(super::merge(present, entries.clone(), field.inner())?);
            }
            None => current.push(item.clone()),
        }
    }
    Ok(current)
}

/// Keeps the first of equal items; the last item takes the place of one that goes, as upstream does it.
fn deduplicate(mut items: Vec<Value>) -> Vec<Value> {
    let mut first = 0;
    while first < items.len() {
        let mut other = first + 1;
        while other < items.len() {
            if items.get(first) == items.get(other) {
                items.swap_remove(other);
            } else {
                other += 1;
            }
        }
        first += 1;
    }
    items
}
