//! Reading recordings, and telling two answers apart.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use k8s_api::field::ErrorList;
use k8s_api::registry::{Registry, ResourceInfo};
use k8s_api_kinds::AnyStrategy;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) response: Response,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) body: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: serde_json::Map<String, Value>,
    pub(super) body: Value,
}

#[derive(Debug)]
pub(super) enum Verdict {
    Equal,
    Differs(String),
    /// Decided by other code than strategies, or a kind without rules yet.
    Skipped,
}

impl Verdict {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differs(_) => "differs",
            Self::Skipped => "skipped",
        }
    }

    pub(super) fn compare(got: &Value, want: &Value) -> Self {
        if got == want { Self::Equal } else { Self::Differs(format!("   got {got}\n  want {want}")) }
    }
}

pub(super) fn topic(name: &str) -> Option<Vec<Case>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/golden/api").join(name);
    let text = std::fs::read_to_string(file.with_extension("json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

pub(super) struct Place {
    pub(super) strategy: Arc<dyn AnyStrategy>,
    pub(super) info: Arc<ResourceInfo>,
    pub(super) namespace: Option<String>,
}

type Table = Vec<(k8s_api::GroupVersionResource, Arc<dyn AnyStrategy>)>;
static STRATEGIES: LazyLock<Table> = LazyLock::new(k8s_api_kinds_cluster::strategies);

/// What a path addresses, if it is a kind of this crate.
pub(super) fn place(path: &str) -> Option<Place> {
    let path = path.split('?').next()?.trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, resource) = match rest {
        ["namespaces", namespace, resource, ..] => (Some((*namespace).to_owned()), *resource),
        [resource, ..] => (None, *resource),
        [] => return None,
    };
    let info = Registry::builtin().snapshot().resource(group, version, resource)?.clone();
    let (_, strategy) = STRATEGIES.iter().find(|(gvr, _)| *gvr == info.gvr)?;
    Some(Place { strategy: strategy.clone(), info, namespace })
}

pub(super) fn causes(errors: &ErrorList) -> Value {
    errors
        .iter()
        .map(|error| json!({"field": error.field, "message": error.body(), "reason": error.kind.reason()}))
        .collect()
}

pub(super) fn warnings(of: &Response) -> Vec<String> {
    let headers = of.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("warning"));
    let values: Vec<&str> = match headers {
        Some((_, Value::Array(values))) => values.iter().filter_map(Value::as_str).collect(),
        Some((_, Value::String(value))) => vec![value],
        _ => Vec::new(),
    };
    let inner =
        |value: &str| value.trim_start_matches("299 - \"").strip_suffix('"').unwrap_or(value).replace("\\\"", "\"");
    // Deprecations of whole versions are told by the server.
    values.into_iter().map(inner).filter(|warning| !warning.contains("is deprecated in v1.")).collect()
}

/// Takes out what the server sets and the recordings mask.
pub(super) fn mask(mut object: Value) -> Value {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "creationTimestamp", "resourceVersion", "managedFields"] {
            meta.remove(field);
        }
    }
    // Stamped by the server, which knows the time.
    object.get_mut("status").and_then(Value::as_object_mut).map(|status| status.remove("lastPhaseTransitionTime"));
    object
}
