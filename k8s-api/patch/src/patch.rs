//! Patches: JSON patch, merge patch and strategic merge patch.
//!
//! Upstream: `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.

mod json_patch;
mod merge;
mod strategic;

use k8s_api::status::Reason;
use k8s_api::{GroupKind, Status, field};
use serde_json::Value;

use crate::decode::{Decoded, Flavour, Refusal, Strict, Strictness, Target, walk, with_kind};
use crate::gotext;
use crate::json::{Node, parse};

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// `application/json-patch+json`: a list of operations, RFC 6902.
    Json,
    /// `application/merge-patch+json`: a tree to lay over, RFC 7386.
    Merge,
    /// `application/strategic-merge-patch+json`: a tree to lay over that knows which lists have keys.
    Strategic,
}

impl PatchKind {
    /// Reads a media type, without parameters.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }
}

/// Applies a patch to an object of the target's kind and reads the result by its schema.
///
/// Defaults and validation are for the caller, as are the checks of name, namespace and resource version.
///
/// # Errors
/// As upstream: 400 when the patch cannot be read, 413 when it has too many operations, 422 when it does not fit the
/// object, or its result not the schema.
pub fn apply(
    kind: PatchKind,
    current: Value,
    patch: &[u8],
    strictness: Strictness,
    target: Target<'_>,
) -> Result<Decoded, Status> {
    let mut strict = Strict::new(strictness);
    let (tree, shown) = match kind {
        PatchKind::Json => (json_patch::apply(current, patch, &mut strict)?, None),
        PatchKind::Merge => (merge::apply(current, patch, &mut strict)?, None),
        PatchKind::Strategic => {
            let patch = tree_of(patch, &mut strict).map_err(Status::bad_request)?;
            let shown = gotext::show(&patch);
            (strategic::apply(current, patch, target)?, Some(shown))
        }
    };
    // What upstream shows of a result that cannot be read: the patch of a strategic merge, else the whole object.
    let shown = |tree: &Value| shown.clone().unwrap_or_else(|| tree.to_string());
    if let Some(why) = refused(&tree, target) {
        return Err(invalid(shown(&tree), &why));
    }
    let flavour = if kind == PatchKind::Strategic { Flavour::Converter } else { Flavour::Json };
    // The walk takes the tree apart.
    let before = (flavour == Flavour::Json).then(|| tree.clone());
    let text = || shown(before.as_ref().unwrap_or(&Value::Null));
    let from_patch = strict.len();
    let walked = walk(Node::from(tree), target.table, target.ty, flavour, &mut strict);
    let tree = walked.map_err(|why| invalid(text(), &why))?;
    let mut found = strict.into_found();
    if flavour == Flavour::Converter
        && let Some(by_converter) = found.get_mut(from_patch..)
    {
        by_converter.sort_unstable();
    }
    if strictness == Strictness::Strict && !found.is_empty() {
        return Err(invalid(text(), &Strict::message(&found)));
    }
    Ok(Decoded { tree: with_kind(tree, target.gvk), warnings: found })
}

/// Why the patched object is none of the target's kind.
fn refused(tree: &Value, target: Target<'_>) -> Option<String> {
    let text = |name: &str| tree.get(name).and_then(Value::as_str).unwrap_or_default();
    match target.named(text("apiVersion"), text("kind")) {
        Ok(named) => target.refuse(&named).map(|(Refusal::Kind(why) | Refusal::Version(why))| why),
        Err(why) => Some(why),
    }
}

/// 422 of a result that cannot be read.
fn invalid(shown: String, why: &str) -> Status {
    let error = field::Error::invalid(&field::Path::new("patch"), shown, why);
    Status::invalid(&GroupKind::default(), "", &[error])
}

/// 422 of a patch that does not fit the object; upstream keeps to itself why.
fn unprocessable() -> Status {
    Status::failure(422, Reason::Invalid, "the server rejected our request due to an error in our request")
        .with_details(k8s_api::status::Details::default())
}

/// Reads a patch that is a tree, noting repeated keys.
fn tree_of(patch: &[u8], strict: &mut Strict) -> Result<Value, String> {
    let node = parse(patch)?;
    match node {
        Node::Object(_) | Node::Null => {}
        other => {
            let word = other.word();
            return Err(format!("json: cannot unmarshal {word} into Go value of type map[string]interface {{}}"));
        }
    }
    if strict.is_on() {
        node.duplicates(&mut String::new(), &mut |path| strict.duplicate(path));
    }
    Ok(node.into_value())
}
