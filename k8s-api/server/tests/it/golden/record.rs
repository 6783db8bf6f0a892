use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// One recorded request and its answer.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) response: Response,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Response {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) body: Value,
}

/// The recordings of a topic; `None` where the folder is absent.
pub(super) fn read(topic: &str) -> Option<Vec<Case>> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/api");
    let text = std::fs::read(shared.join(format!("{topic}.json"))).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

/// Why a recording cannot be replayed here, if it cannot.
pub(super) fn unsupported(case: &Case) -> Option<&'static str> {
    let header = |name: &str| {
        let found = case.request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    };
    let answer = case.response.headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
    let path = case.request.path.split('?').next().unwrap_or_default();
    if header("content-type").contains("apply-patch") {
        return Some("server-side apply is a later issue");
    }
    if header("content-type").contains("protobuf") || answer.contains("kubernetes.protobuf") {
        return Some("the protobuf encoding of objects is a later issue");
    }
    if answer.contains("openapi.spec.v3.v1.0+protobuf") {
        return Some("OpenAPI v3 as protobuf is a later issue");
    }
    if header("content-type").contains("cbor") || answer.contains("cbor") {
        return Some("cbor is alpha");
    }
    if path.starts_with("/statusz") || path.starts_with("/flagz") || path.starts_with("/debug") {
        return Some("reports on the process that upstream is");
    }
    if path.starts_with("/metrics") && case.response.status == 200 {
        return Some("metrics are a later issue");
    }
    let message = case.response.body.get("message").and_then(Value::as_str).unwrap_or_default();
    if message.contains("managedFields") || case.name == "merge patch after apply" {
        return Some("shows the work of server-side apply");
    }
    if path.starts_with("/apis/apiextensions.k8s.io/") && case.response.status == 409 {
        return Some("a controller of custom resource definitions was at work in between");
    }
    None
}
