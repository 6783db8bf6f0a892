use k8s_api::Status;
use serde_json::Value;

use super::tree_of;
use crate::decode::Strict;

/// Lays a merge patch over an object.
pub(super) fn apply(mut current: Value, patch: &[u8], strict: &mut Strict) -> Result<Value, Status> {
    let patch = if strict.is_on() {
        tree_of(patch, strict).map_err(|e| Status::bad_request(format!("error decoding patch: {e}")))?
    } else {
        tree_of(patch, strict).map_err(|_| bad())?
    };
    if patch.is_null() {
        return Err(bad());
    }
    json_patch::merge(&mut current, &patch);
    Ok(current)
}

fn bad() -> Status {
    Status::bad_request("Invalid JSON Patch")
}
