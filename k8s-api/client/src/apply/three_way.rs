use k8s_api::GroupVersionKind;
use k8s_api::schema::{Field, Shape, Table, Type};
use serde_json::{Map, Value, json};

use crate::PatchKind;

/// The patch that makes an object what `manifest` says and takes away what `last` said and `manifest` does not.
///
/// Strategic for built-in kinds, a merge patch for others. The whole manifest is sent: the server leaves alone what is
/// so already.
///
/// Upstream: `strategicpatch.CreateThreeWayMergePatch`, `jsonmergepatch.CreateThreeWayJSONMergePatch`.
pub(super) fn patch(kind: &GroupVersionKind, last: &Value, manifest: &Value) -> (PatchKind, Value) {
    let table = Table::builtin();
    let ty = table.kind(kind);
    let language = if ty.is_some() { PatchKind::Strategic } else { PatchKind::Merge };
    let mut patch = manifest.clone();
    if let Some(target) = patch.as_object_mut() {
        complete(table, ty, last.as_object(), target);
    }
    (language, patch)
}

/// Adds to `target`, an object of the manifest, what the patch must say beyond it.
fn complete(table: &Table, ty: Option<&Type>, last: Option<&Map<String, Value>>, target: &mut Map<String, Value>) {
    let mut additions = Vec::new();
    for (key, value) in target.iter_mut() {
        let field = ty.and_then(|ty| ty.field(key));
        let before = last.and_then(|last| last.get(key));
        match value {
            Value::Object(value) => {
                let keeps = field.is_some_and(|field| field.patch().retain_keys);
                let retained = keeps.then(|| retain_keys(value));
                let inner = field.and_then(|field| field.shape().object()).map(|id| &table[id]);
                complete(table, inner, before.and_then(Value::as_object), value);
                value.extend(retained);
            }
            Value::Array(items) => {
                let before = before.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                if let Some(field) = field.filter(|field| field.patch().merge) {
                    additions.extend(complete_list(table, field, before, items));
                }
            }
            _ => {}
        }
    }
    let gone = last.into_iter().flat_map(Map::keys).filter(|key| !target.contains_key(*key));
    additions.extend(gone.map(|key| (key.clone(), Value::Null)));
    target.extend(additions);
}

/// Completes the items of a list that is merged, and says which are gone.
fn complete_list(table: &Table, field: &Field, before: &[Value], items: &mut Vec<Value>) -> Option<(String, Value)> {
    let Some(key) = field.patch().merge_key else {
        let gone: Vec<_> = before.iter().filter(|value| !items.contains(value)).cloned().collect();
        return (!gone.is_empty()).then(|| (format!("$deleteFromPrimitiveList/{}", field.name()), gone.into()));
    };
    let ty = field.shape().inner().and_then(Shape::object).map(|id| &table[id]);
    let gone: Vec<_> = before
        .iter()
        .filter(|old| !items.iter().any(|item| item[key] == old[key]))
        .map(|old| json!({ "$patch": "delete", key: old[key] }))
        .collect();
    for item in items.iter_mut() {
        let old = before.iter().find(|old| old[key] == item[key]).and_then(Value::as_object);
        let Some(item) = item.as_object_mut() else { continue };
        let retained = field.patch().retain_keys.then(|| retain_keys(item));
        complete(table, ty, old, item);
        item.extend(retained);
    }
    items.extend(gone);
    None
}

fn retain_keys(object: &Map<String, Value>) -> (String, Value) {
    ("$retainKeys".to_owned(), object.keys().cloned().collect())
}
