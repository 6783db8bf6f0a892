//! What is served outside of the resources: health, version, discovery and OpenAPI.

mod health;
mod metrics;
mod zpages;

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use k8s_api::Status;
use k8s_api::registry::Snapshot;
use k8s_api_client::{Raw, RawBody, Reply, Response};
use k8s_api_openapi as openapi;
use k8s_openapi::jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;

use crate::core::Core;
use crate::tokens::Tokens;

/// The release whose behaviour this server has.
pub(crate) const GIT_VERSION: &str = "v1.36.2";
const PROTOBUF_V2: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// The paths outside of health, discovery and the groups.
const OTHER_PATHS: [&str; 10] = [
    "/.well-known/openid-configuration",
    "/flagz",
    "/metrics",
    "/metrics/slis",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/openid/v1/jwks",
    "/statusz",
    "/version",
];

const ONE_HOUR: &str = "public, max-age=3600";

/// The larger documents, made when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    made: Mutex<HashMap<String, Bytes>>,
    /// Where clients reach the server, for `/api`.
    pub(crate) address: String,
    /// When the server began.
    started: Timestamp,
}

/// One document and how to tell whether a client has it.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) etag: Option<String>,
    /// How long it may be kept; empty for not at all.
    pub(crate) cache_control: &'static str,
    /// Where it is at home when the request asked for another version of it.
    pub(crate) moved: Option<String>,
    /// Browsers must not guess its type.
    pub(crate) sniffless: bool,
}

/// Reads a path in process, as JSON or text.
pub(crate) async fn get(core: &Core, path: &str) -> Result<Reply, Status> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let document = find(core, path, query, Form::Json)?;
    let raw = Raw { content_type: document.content_type.to_owned(), body: RawBody::Full(document.body) };
    Ok(Response::Raw(raw).into())
}

/// In which form a client wants a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// Aggregated discovery.
    Aggregated,
    /// OpenAPI v2 as gnostic's protobuf.
    Protobuf,
}

/// Finds the document of a path.
///
/// # Errors
/// 404 as JSON below a served group, and [`is_plain_404`] elsewhere.
pub(crate) fn find(core: &Core, path: &str, query: &str, form: Form) -> Result<Document, Status> {
    let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let snapshot = core.registry.snapshot();
    match trimmed {
        "/" | "/index.html" => {
            let health = health::paths();
            let others = OTHER_PATHS.into_iter().chain(health.iter().map(String::as_str));
            Ok(json(&openapi::discovery::paths(&snapshot, others)))
        }
        "/version" => Ok(version()),
        "/api" if form == Form::Aggregated => Ok(aggregated(&openapi::discovery::aggregated_core(&snapshot))),
        "/apis" if form == Form::Aggregated => Ok(aggregated(&openapi::discovery::aggregated_groups(&snapshot))),
        "/api" => Ok(json(&openapi::discovery::api_versions(&snapshot, &core.documents.address))),
        "/apis" => Ok(json(&openapi::discovery::group_list(&snapshot))),
        "/openapi/v2" => Ok(core.documents.v2(&snapshot, form)),
        "/openapi/v3" if path == trimmed => {
            // Upstream names no type here, and Go's server guesses one.
            Ok(Document { content_type: "text/plain; charset=utf-8", ..json(&openapi::v3_index(&snapshot)) })
        }
        "/metrics" => Ok(metrics::metrics()),
        "/metrics/slis" => Ok(metrics::slis()),
        "/flagz" => Ok(zpages::flags()),
        "/statusz" => Ok(zpages::status(core.documents.started, core.env.clock.now())),
        "/openid/v1/jwks" => Ok(Document {
            content_type: "application/jwk-set+json",
            cache_control: ONE_HOUR,
            ..json(&core.tokens.key_set())
        }),
        "/.well-known/openid-configuration" => {
            let configuration = Tokens::configuration(&core.documents.address);
            Ok(Document { cache_control: ONE_HOUR, ..json(&configuration) })
        }
        _ => {
            if let Some(name) = path.strip_prefix("/openapi/v3/") {
                return core.documents.v3(&snapshot, name, query);
            }
            if let Some(check) = health::check(trimmed, query) {
                return check;
            }
            discovery(&snapshot, trimmed)
        }
    }
}

fn discovery(snapshot: &Snapshot, path: &str) -> Result<Document, Status> {
    let found = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "api", version] => {
            return openapi::discovery::resource_list(snapshot, "", version)
                .map(|v| json(&v))
                .ok_or_else(Status::no_such_path);
        }
        ["", "apis", group] => openapi::discovery::group(snapshot, group),
        ["", "apis", group, version] if snapshot.group(group).is_some() => {
            return openapi::discovery::resource_list(snapshot, group, version)
                .map(|v| json(&v))
                .ok_or_else(Status::no_such_path);
        }
        ["", "api", ..] => return Err(Status::no_such_path()),
        ["", "apis", group, ..] if snapshot.group(group).is_some() => return Err(Status::no_such_path()),
        _ => None,
    };
    found.map(|v| json(&v)).ok_or_else(plain_404)
}

/// Whether a path answers to reading alone; upstream's others take every method alike.
pub(crate) fn is_read_only(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    // The aggregator lists the groups whatever the method.
    let grouped = ["/api", "/apis"].iter().any(|root| path.strip_prefix(root).is_some_and(is_below));
    path == "/version" || (grouped && path != "/apis")
}

fn is_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

fn plain_404() -> Status {
    Status::failure(404, k8s_api::Reason::Unknown, "404 page not found\n")
}

/// Whether a 404 is answered as plain text: the path belongs to no API at all.
pub(crate) fn is_plain_404(status: &Status) -> bool {
    status.code == 404 && status.reason == k8s_api::Reason::Unknown
}

/// In the order and with the indents in which Go writes it.
fn version() -> Document {
    let facts = [
        ("major", "1"),
        ("minor", "36"),
        ("emulationMajor", "1"),
        ("emulationMinor", "36"),
        ("minCompatibilityMajor", "1"),
        ("minCompatibilityMinor", "35"),
        ("gitVersion", GIT_VERSION),
        ("gitCommit", "0000000000000000000000000000000000000000"),
        ("gitTreeState", "clean"),
        ("buildDate", "1970-01-01T00:00:00Z"),
        ("goVersion", "go1.26.6"),
        ("compiler", "gc"),
        ("platform", "linux/amd64"),
    ];
    let lines: Vec<String> = facts.iter().map(|(name, value)| format!("  \"{name}\": \"{value}\"")).collect();
    Document::new(format!("{{\n{}\n}}", lines.join(",\n")).into(), None)
}

impl Documents {
    pub(crate) fn new(address: String, started: Timestamp) -> Self {
        Self { address, started, ..Self::default() }
    }

    fn v2(&self, snapshot: &Arc<Snapshot>, form: Form) -> Document {
        let etag = Some(openapi::v2_hash(snapshot, GIT_VERSION));
        if form == Form::Protobuf {
            let body = self.made("v2.pb", || openapi::v2_protobuf(snapshot, GIT_VERSION));
            return Document { content_type: PROTOBUF_V2, ..Document::new(body, etag) };
        }
        let body = self.made("v2.json", || openapi::v2(snapshot, GIT_VERSION));
        Document::new(body, etag)
    }

    fn v3(&self, snapshot: &Arc<Snapshot>, name: &str, query: &str) -> Result<Document, Status> {
        let missing = || Status::failure(404, k8s_api::Reason::Unknown, "");
        let etag = openapi::v3_hash(snapshot, name).ok_or_else(missing)?;
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("hash=")).filter(|hash| !hash.is_empty());
        if asked.is_some_and(|asked| asked != etag) {
            let moved = Some(format!("/openapi/v3/{name}?hash={etag}"));
            return Ok(Document { moved, ..Document::new(Bytes::new(), Some(etag)) });
        }
        let body = self.made(name, || openapi::v3(snapshot, name).unwrap_or_default());
        let cache_control = if asked.is_some() { "public, immutable" } else { "" };
        Ok(Document { cache_control, ..Document::new(body, Some(etag)) })
    }

    fn made(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Bytes {
        if let Some(body) = self.made.lock().get(name) {
            return body.clone();
        }
        let body = Bytes::from(make());
        self.made.lock().insert(name.to_owned(), body.clone());
        body
    }
}

impl Document {
    fn new(body: Bytes, etag: Option<String>) -> Self {
        Self { content_type: "application/json", body, etag, cache_control: "", moved: None, sniffless: false }
    }
}

fn json(value: &Value) -> Document {
    Document::new(value.to_string().into(), None)
}

fn aggregated(value: &Value) -> Document {
    let body = Bytes::from(value.to_string());
    let digest = ring::digest::digest(&ring::digest::SHA512, &body);
    let mut etag = String::with_capacity(2 * digest.as_ref().len());
    for byte in digest.as_ref() {
        let _ = write!(etag, "{byte:02X}");
    }
    Document { cache_control: "public", ..Document::new(body, Some(etag)) }
}

fn text(body: String) -> Document {
    Document { content_type: "text/plain; charset=utf-8", ..Document::new(body.into(), None) }
}
