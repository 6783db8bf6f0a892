use std::borrow::Cow;

use bytes::Bytes;
use k8s_api::{GroupVersionKind, Object, Status};
use k8s_api_client::{List, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What every document says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListWire<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(default)]
    metadata: ListMeta,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    continue_token: Option<String>,
    remaining_item_count: Option<i64>,
}

/// Reads an object, or a status that came instead of one.
pub(super) fn object(body: Bytes, created: bool) -> Result<Response, Status> {
    let object = Object::from_wire(body.clone());
    // A status has metadata too, but never a name; objects without one are rare.
    if let Ok(object) = &object
        && !object.meta().name.is_empty()
    {
        return Ok(Response::Object { object: object.clone(), created });
    }
    if let Some(status) = status(&body) {
        return succeeded(status);
    }
    let object = object.map_err(|e| Status::internal(format_args!("decoding the answer: {e}")))?;
    Ok(Response::Object { object, created })
}

/// Reads a list, or a status that came instead of one.
pub(super) fn collection(body: &Bytes) -> Result<Response, Status> {
    let undecodable = |e: &dyn std::fmt::Display| Status::internal(format_args!("decoding a list: {e}"));
    let wire: ListWire<'_> = serde_json::from_slice(body).map_err(|e| undecodable(&e))?;
    if wire.kind == "Status" {
        return succeeded(serde_json::from_slice(body).map_err(|e| undecodable(&e))?);
    }
    let kind = wire.kind.strip_suffix("List").unwrap_or(&wire.kind);
    let gvk = GroupVersionKind::parse(&wire.api_version, kind);
    let head = head(&wire.api_version, kind);
    let items = wire.items.unwrap_or_default().into_iter().map(|item| Object::from_wire(typed(item.get(), &head)));
    Ok(Response::List(List {
        gvk,
        revision: wire.metadata.resource_version.and_then(|v| v.parse().ok()).unwrap_or_default(),
        continue_token: wire.metadata.continue_token.unwrap_or_default(),
        remaining: wire.metadata.remaining_item_count,
        items: items.collect::<Result<_, _>>().map_err(|e| undecodable(&e))?,
    }))
}

/// Reads a status, if it is one.
pub(super) fn status(body: &[u8]) -> Option<Status> {
    let head: Head<'_> = serde_json::from_slice(body).ok()?;
    if head.kind != "Status" {
        return None;
    }
    serde_json::from_slice(body).ok()
}

fn succeeded(status: Status) -> Result<Response, Status> {
    if status.status == "Failure" { Err(status) } else { Ok(Response::Status(status)) }
}

/// How an object begins that says what it is.
fn head(api_version: &str, kind: &str) -> String {
    let [api_version, kind] = [api_version, kind].map(|word| serde_json::Value::from(word).to_string());
    format!("{{\"apiVersion\":{api_version},\"kind\":{kind},")
}

/// An item of a list as an object of its own: items of built-in kinds leave out what the list has said.
///
/// The bytes are copied, so that one item that somebody keeps does not keep the whole list in memory.
fn typed(item: &str, head: &str) -> Bytes {
    match item.strip_prefix('{') {
        Some(rest) if !says_what_it_is(item) => {
            let rest = rest.trim_start();
            let head = if rest.starts_with('}') { head.trim_end_matches(',') } else { head };
            [head.as_bytes(), rest.as_bytes()].concat().into()
        }
        _ => Bytes::copy_from_slice(item.as_bytes()),
    }
}

/// Whether there is a `kind` or an `apiVersion` at the top. Well-formed JSON is expected.
fn says_what_it_is(json: &str) -> bool {
    let json = json.as_bytes();
    let (mut depth, mut i) = (0_usize, 0);
    while i < json.len() {
        match json[i] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = string_end(json, i + 1);
                if depth == 1 && matches!(&json[i..end], b"\"kind\"" | b"\"apiVersion\"") && is_key(json, end) {
                    return true;
                }
                i = end;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    false
}

fn string_end(json: &[u8], mut i: usize) -> usize {
    while i < json.len() {
        match json[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    json.len()
}

fn is_key(json: &[u8], after: usize) -> bool {
    json[after..].iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':')
}
