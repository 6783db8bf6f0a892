use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use k8s_api::registry::Registry;
use k8s_api::{GroupVersionKind, UserInfo};
use k8s_api_server::ApiServer;
use k8s_api_server::http::{HttpService, TokenFile};
use k8s_env::Env;
use k8s_store::{Memory, Store, StoreExt};
use serde_json::Value;
use tower::Service;

/// A server as the recordings' was, behind HTTP, and the store under it.
pub(super) struct Cluster {
    _server: ApiServer,
    http: HttpService,
    store: Arc<dyn Store>,
    env: Env,
}

/// An answer with its whole body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

impl Cluster {
    pub(super) async fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let env = Env::simulated(1);
        let server = ApiServer::builder(store.clone(), env.clone())
            .service_network([10, 0, 0, 0].into(), 16)
            .rbac()
            .node_ports(1..=65535)
            .address("192.0.2.10:16443")
            .start()
            .await
            .unwrap();
        let user = |name: &str, groups: &[&str]| UserInfo { uid: name.to_owned(), ..UserInfo::new(name, groups) };
        let tokens = TokenFile::new()
            .with("admin", user("admin", &["system:masters"]))
            .with("alice", user("alice", &[]))
            .with("bob", user("bob", &[]));
        Self { http: server.http(tokens), _server: server, store, env }
    }

    pub(super) async fn send(&self, request: http::Request<Full<Bytes>>) -> Answer {
        let response = self.http.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A JSON request of the administrator; its answer must be a success.
    pub(super) async fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer admin")
            .header("content-type", kind)
            .body(Full::new(Bytes::from(if body.is_null() { String::new() } else { body.to_string() })))
            .unwrap();
        let answer = self.send(request).await;
        assert!(answer.status < 300, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Puts an object into the store as it is, under a new uid.
    pub(super) async fn put(&self, mut object: Value) {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let gvk = GroupVersionKind::new(group.to_owned(), version.to_owned(), kind);
        let snapshot = Registry::builtin().snapshot();
        let info = snapshot.resources().iter().find(|info| info.gvk() == gvk).unwrap().clone();
        let prefix = snapshot.storage_prefix(&info);
        let key = if namespace.is_empty() {
            format!("/registry/{prefix}/{name}")
        } else {
            format!("/registry/{prefix}/{namespace}/{name}")
        };
        let uid = self.env.random.uuid();
        let meta = object["metadata"].as_object_mut().unwrap();
        meta.remove("resourceVersion");
        meta.remove("managedFields");
        meta.insert("uid".to_owned(), uid.clone().into());
        meta.insert("creationTimestamp".to_owned(), "<time>".into());
        let body = object.to_string().replace("<uid>", &uid).replace("<time>", "2026-01-01T00:00:00Z");
        let body = body.replace("<microtime>", "2026-01-01T00:00:00.000000Z");
        self.store.create(Bytes::from(key), Bytes::from(body)).await.unwrap();
    }
}
