//! The node's own HTTP API.
//!
//! Upstream: `pkg/kubelet/server`.

mod logs;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use k8s_api_client::informer::Reader;
use k8s_api_client::{NodeApi, RawBody};
use k8s_openapi::api::core::v1::Pod;

use crate::context::Context;

/// Answers for one node.
#[derive(Debug)]
pub(crate) struct Server {
    context: Arc<Context>,
    pods: Reader<Pod>,
}

impl Server {
    pub(crate) fn new(context: Arc<Context>, pods: Reader<Pod>) -> Self {
        Self { context, pods }
    }

    async fn answer(&self, request: &Request<Bytes>) -> Response<RawBody> {
        let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        match path.as_slice() {
            ["healthz"] => text(StatusCode::OK, "ok"),
            ["pods"] => self.list(),
            ["containerLogs", namespace, pod, container] => {
                logs::answer(&self.context, &self.pods, [namespace, pod, container], request.uri().query()).await
            }
            ["exec" | "attach" | "portForward" | "run", ..] => {
                let what = path.first().copied().unwrap_or_default();
                text(StatusCode::NOT_IMPLEMENTED, format!("{what}: not supported by this node"))
            }
            _ => text(StatusCode::NOT_FOUND, "404 page not found\n"),
        }
    }

    fn list(&self) -> Response<RawBody> {
        let pods: Vec<_> =
            self.pods.list().iter().map(|pod| serde_json::to_value(&**pod).unwrap_or_default()).collect();
        let list = serde_json::json!({ "kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods });
        let mut response = text(StatusCode::OK, list.to_string());
        response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        response
    }
}

#[async_trait]
impl NodeApi for Server {
    async fn handle(&self, request: Request<Bytes>) -> Response<RawBody> {
        self.answer(&request).await
    }
}

/// A plain text.
fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<RawBody> {
    let mut response = Response::new(RawBody::Full(body.into()));
    *response.status_mut() = status;
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    response
}
