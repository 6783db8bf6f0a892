use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use k8s_api::Status;
use k8s_api_server::http::{Credentials, Stopping};
use tokio::sync::watch;
use tokio::time::timeout;
use tower::Service;

/// Any error of a body.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(super) type BoxBody = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Pin<Box<dyn Future<Output = Response<BoxBody>> + Send>>;

/// How long a service may take until it knows what to answer.
const HEAD: Duration = Duration::from_secs(90);

/// Any service, erased so that the HTTP machinery is compiled once.
#[derive(Clone)]
pub(crate) struct Erased(Arc<dyn Fn(Request<Incoming>) -> Answer + Send + Sync>);

impl Erased {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(move |request| {
            let mut service = service.clone();
            Box::pin(async move {
                let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
                let Ok(response) = service.call(request).await;
                response.map(|body| body.map_err(Into::into).boxed_unsync())
            })
        }))
    }

    /// Answers `request` as one of `user`, in time.
    pub(super) async fn answer(
        &self,
        mut request: Request<Incoming>,
        user: Option<&Credentials>,
        stop: &watch::Receiver<bool>,
    ) -> Response<BoxBody> {
        request.extensions_mut().insert(Stopping(stop.clone()));
        if let Some(user) = user {
            request.extensions_mut().insert(user.clone());
        }
        timeout(HEAD, (self.0)(request)).await.unwrap_or_else(|_| too_late())
    }
}

fn too_late() -> Response<BoxBody> {
    let status = Status::timeout("request did not complete within the allotted timeout", 0);
    let body = serde_json::to_vec(&status).unwrap_or_default();
    let mut response = Response::new(Full::from(body).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
