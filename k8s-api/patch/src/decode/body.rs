use std::fmt::Write;

use k8s_api::{GroupVersionKind, Status};
use serde_json::Value;

use super::target::Refusal;
use super::{Decoded, Flavour, Strict, Strictness, Target, walk};
use crate::json::{self, Node};
use crate::yaml;

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
}

impl MediaType {
    /// Reads a media type, without parameters.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Reads the body of a create or an update.
///
/// `apiVersion` and `kind` may be absent; any that stand there must be the target's.
///
/// # Errors
/// 400 with upstream's message when the body is malformed, of another kind, has a value of the wrong type, or, when
/// strict, has unknown or repeated fields.
pub fn body(bytes: &[u8], media: MediaType, strictness: Strictness, target: Target<'_>) -> Result<Decoded, Status> {
    let mut strict = Strict::new(strictness);
    let parsed = match media {
        MediaType::Json => json::parse(bytes).map_err(|e| format!("couldn't get version/kind; json parse error: {e}")),
        MediaType::Yaml => yaml::parse(bytes, &mut strict),
    };
    let summary = || summary(bytes);
    let node = parsed.map_err(|why| unrecognized(&why, &summary(), target))?;
    read(node, strictness, strict, target, summary)
}

/// As [`body`], of an object that is a tree already.
///
/// # Errors
/// As [`body`].
pub fn tree(tree: Value, strictness: Strictness, target: Target<'_>) -> Result<Decoded, Status> {
    let node = Node::from(tree);
    read(node, strictness, Strict::new(strictness), target, || "<tree>".to_owned())
}

fn read(
    node: Node,
    strictness: Strictness,
    mut strict: Strict,
    target: Target<'_>,
    summary: impl Fn() -> String,
) -> Result<Decoded, Status> {
    let named = named(&node, target).map_err(|why| unrecognized(&why, &summary(), target))?;
    let refused = |why: String| {
        let (kind, version) = (&named.kind, &named.version);
        let wanted = &target.gvk.kind;
        Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {wanted}: {why}"))
    };
    match target.refuse(&named) {
        None => {}
        Some(Refusal::Kind(why)) => return Err(refused(why)),
        Some(Refusal::Version(why)) => return Err(Status::bad_request(why)),
    }
    let tree = walk(node, target.table, target.ty, Flavour::Json, &mut strict).map_err(refused)?;
    let found = strict.into_found();
    if strictness == Strictness::Strict && !found.is_empty() {
        return Err(refused(Strict::message(&found)));
    }
    Ok(Decoded { tree: with_kind(tree, target.gvk), warnings: found })
}

/// 400 of a body of which not even the kind can be told.
fn unrecognized(why: &str, summary: &str, target: Target<'_>) -> Status {
    let kind = &target.gvk.kind;
    Status::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why} ({summary})"))
}

/// Names the kind in the tree, which may have left it out.
pub(crate) fn with_kind(mut tree: Value, gvk: &GroupVersionKind) -> Value {
    if let Value::Object(entries) = &mut tree {
        json::entry(entries, "apiVersion", &gvk.api_version());
        json::entry(entries, "kind", &gvk.kind);
    }
    tree
}

/// The kind that a body says it is.
fn named(node: &Node, target: Target<'_>) -> Result<GroupVersionKind, String> {
    let parse_error =
        |why: String| format!("couldn't get version/kind; json parse error: json: cannot unmarshal {why}");
    let entries = match node {
        Node::Object(entries) => entries,
        Node::Null => return target.named("", ""),
        other => {
            let go_type = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
            return Err(parse_error(format!("{} into Go value of type {go_type}", other.word())));
        }
    };
    let (mut api_version, mut kind) = ("", "");
    // The first look at a body ignores case, as Go's own decoder does.
    for (key, value) in entries {
        let (place, name) = if key.eq_ignore_ascii_case("apiVersion") {
            (&mut api_version, "apiVersion")
        } else if key.eq_ignore_ascii_case("kind") {
            (&mut kind, "kind")
        } else {
            continue;
        };
        match value {
            Node::String(text) => *place = text,
            Node::Null => {}
            other => return Err(parse_error(format!("{} into Go struct field .{name} of type string", other.word()))),
        }
    }
    target.named(api_version, kind)
}

/// The beginning of a body as upstream's errors show it: as it is if it may be JSON, otherwise in hexadecimal digits.
pub fn summary(bytes: &[u8]) -> String {
    const MAX: usize = 30;
    if bytes.is_empty() {
        return "<empty>".to_owned();
    }
    let shown = bytes.get(..MAX).unwrap_or(bytes);
    let more = if bytes.len() > MAX { " ..." } else { "" };
    if bytes.starts_with(b"{") {
        return format!("{}{more}", String::from_utf8_lossy(shown));
    }
    let hex = shown.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("{hex}{more}")
}
