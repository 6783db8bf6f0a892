use json_patch::{PatchOperation, jsonptr::PointerBuf};
use k8s_api::{Status, field};
use serde_json::{Map, Value};

use super::unprocessable;
use crate::decode::Strict;
use crate::json::{Node, parse};

/// Upstream's limit.
const MAX_OPERATIONS: usize = 10_000;
/// The bytes that all `copy` operations of a patch may copy: upstream's limit of a request's body.
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// Applies a list of operations.
pub(super) fn apply(mut current: Value, patch: &[u8], strict: &mut Strict) -> Result<Value, Status> {
    let operations = operations(patch, strict)?;
    if operations.len() > MAX_OPERATIONS {
        let n_operations = operations.len();
        let message = format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {n_operations}");
        return Err(Status::too_large(message));
    }
    let mut copied = 0;
    for operation in operations {
        let operation = operation.read().ok_or_else(unprocessable)?;
        if let PatchOperation::Copy(copy) = &operation {
            let size = current.pointer(copy.from.as_str()).map_or(0, |value| value.to_string().len());
            copied += size;
            if copied > MAX_COPIED {
                return Err(unprocessable());
            }
        }
        if !tests_absence(&operation, &current) {
            json_patch::patch(&mut current, &[operation]).map_err(|_| unprocessable())?;
        }
    }
    Ok(current)
}

/// Whether it tests that a field is null that is not there in an object that is: this holds upstream, and clients rely
/// on it (kube-rs does before it adds the first finalizer).
fn tests_absence(operation: &PatchOperation, current: &Value) -> bool {
    let PatchOperation::Test(test) = operation else { return false };
    let parent = test.path.as_str().rsplit_once('/').and_then(|(parent, _)| current.pointer(parent));
    test.value.is_null() && parent.is_some_and(Value::is_object) && current.pointer(test.path.as_str()).is_none()
}

/// An operation as it stands in the patch.
#[derive(Default)]
struct Raw {
    op: String,
    path: Option<String>,
    from: Option<String>,
    value: Value,
}

impl Raw {
    /// Upstream takes a missing value for null.
    fn read(self) -> Option<PatchOperation> {
        let mut entries = Map::new();
        let has_value = matches!(&*self.op, "add" | "replace" | "test");
        let path = self.path?;
        PointerBuf::parse(path.as_str()).ok()?;
        entries.insert("op".to_owned(), self.op.into());
        entries.insert("path".to_owned(), path.into());
        if has_value {
            entries.insert("value".to_owned(), self.value);
        } else if let Some(from) = self.from {
            entries.insert("from".to_owned(), from.into());
        }
        serde_json::from_value(Value::Object(entries)).ok()
    }
}

fn operations(patch: &[u8], strict: &mut Strict) -> Result<Vec<Raw>, Status> {
    let is_strict = strict.is_on();
    let bad = |why: String| Status::bad_request(if is_strict { format!("error decoding patch: {why}") } else { why });
    let go_type = if is_strict { "[]handlers.jsonPatchOp" } else { "jsonpatch.Patch" };
    let nodes = match parse(patch).map_err(bad)? {
        Node::Array(nodes) => nodes,
        Node::Null => Vec::new(),
        other => return Err(bad(format!("json: cannot unmarshal {} into Go value of type {go_type}", other.word()))),
    };
    let mut first_wrong = None;
    let mut operations = Vec::with_capacity(nodes.len());
    for (idx, node) in nodes.into_iter().enumerate() {
        match node {
            Node::Object(entries) => operations.push(operation(idx, entries, strict, &mut first_wrong)),
            Node::Null => operations.push(Raw::default()),
            other => {
                let wrong =
                    format!("json: cannot unmarshal {} into Go value of type handlers.jsonPatchOp", other.word());
                first_wrong.get_or_insert(wrong);
            }
        }
    }
    match first_wrong {
        None => Ok(operations),
        Some(wrong) => Err(bad(wrong)),
    }
}

fn operation(idx: usize, entries: Vec<(String, Node)>, strict: &mut Strict, wrong: &mut Option<String>) -> Raw {
    let mut raw = Raw::default();
    let mut seen: Vec<String> = Vec::new();
    for (key, node) in entries {
        let quoted = || field::quote(&format!("[{idx}].{key}"));
        if !matches!(&*key, "op" | "path" | "from" | "value") {
            strict.add(|| format!("json patch unknown field {}", quoted()));
            continue;
        }
        if seen.contains(&key) {
            strict.add(|| format!("json patch duplicate field {}", quoted()));
        }
        match (&*key, node) {
            ("value", node) => raw.value = node.into_value(),
            (_, Node::Null) => {}
            ("op", Node::String(text)) => raw.op = text,
            ("path", Node::String(text)) => raw.path = Some(text),
            ("from", Node::String(text)) => raw.from = Some(text),
            (_, other) => {
                let word = other.word();
                let text =
                    format!("json: cannot unmarshal {word} into Go struct field jsonPatchOp.{key} of type string");
                wrong.get_or_insert(text);
            }
        }
        seen.push(key);
    }
    raw
}
