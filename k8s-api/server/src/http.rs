//! The server as a `tower::Service`: HTTP requests onto the same entry that clients in process use.

mod accept;
mod body;
mod encode;
mod options;
mod pretty;
mod protobuf;
mod route;
mod table;
mod user;
mod warnings;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use k8s_api::{Status, UserInfo};
use k8s_api_client::{Body, Call, MediaType, PatchKind, Reply, ResourceTarget, Target};

pub use body::ResponseBody;
pub use user::{Authenticator, Credentials, TokenFile};

use crate::authorize::Action;
use crate::core::Core;
use crate::paths;
use crate::server::ApiServer;
use accept::{Accept, Encoding};
use route::Route;

/// The longest request body that is read: 3 MiB, as upstream.
const LONGEST_BODY: usize = 3 * 1024 * 1024;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An [`ApiServer`] behind HTTP.
///
/// Who asks is found out by the [`Authenticator`] from the request's credentials; a TLS listener puts the client's
/// certificate subject into the request's extensions as [`Credentials`]. Requests without credentials are anonymous.
#[derive(Clone, Debug)]
pub struct HttpService {
    core: Arc<Core>,
    authenticator: Arc<dyn Authenticator>,
}

impl ApiServer {
    /// The server as a service of HTTP requests.
    pub fn http(&self, authenticator: impl Authenticator) -> HttpService {
        HttpService { core: self.core().clone(), authenticator: Arc::new(authenticator) }
    }
}

impl<B> tower::Service<Request<B>> for HttpService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let service = self.clone();
        // Erased here, so that everything behind is compiled once.
        let body = Box::pin(async move {
            match Limited::new(body, LONGEST_BODY).collect().await {
                Ok(collected) => Ok(collected.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => {
                    Err(Status::too_large(format!("Request entity too large: limit is {LONGEST_BODY}")))
                }
                Err(error) => Err(Status::bad_request(format!("reading the request: {error}"))),
            }
        });
        Box::pin(async move { Ok(service.answer(parts, body).await) })
    }
}

type FutureBody = Pin<Box<dyn Future<Output = Result<Bytes, Status>> + Send>>;

impl HttpService {
    async fn answer(&self, parts: http::request::Parts, body: FutureBody) -> Response<ResponseBody> {
        let accept = Accept::of(&parts);
        let mut response = match self.try_answer(&parts, &accept, body).await {
            Ok(response) => response,
            Err(refusal) => refusal.response(&accept),
        };
        if let Route::Resource { target, .. } = route::parse(parts.uri.path(), &self.core)
            && !matches!(response.status().as_u16(), 401 | 403)
        {
            warn(&mut response, warnings::of_version(&target));
        }
        let headers = response.headers_mut();
        headers.entry("cache-control").or_insert(HeaderValue::from_static("no-cache, private"));
        if parts.method == Method::HEAD {
            *response.body_mut() = ResponseBody::empty();
        }
        response
    }

    async fn try_answer(
        &self,
        parts: &http::request::Parts,
        accept: &Accept,
        body: FutureBody,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let query = route::query(parts)?;
        let agent = parts.headers.get("user-agent").and_then(|v| v.to_str().ok()).unwrap_or("unknown");
        let (target, known) = match route::parse(parts.uri.path(), &self.core) {
            Route::Path(path) => (Target::Path(path), true),
            Route::Resource { target, known } => (Target::Resource(target), known),
        };
        let user = self.admitted(parts, &target, &query).await?;
        let resource = match &target {
            Target::Path(path) => return Ok(self.path(parts, path, accept)?),
            Target::Resource(resource) => resource,
        };
        if !known {
            return Err(Status::no_such_path().into());
        }
        let without_protobuf;
        let accept = if accept.encoding != Encoding::Protobuf || protobuf::serves(&self.core, resource) {
            accept
        } else {
            without_protobuf = accept.without_protobuf();
            &without_protobuf
        };
        let call = match self.call_of(parts, resource, &query, accept)? {
            Some(call) => call,
            None => self.body_call(parts, resource, &query, accept, body).await?,
        };
        let request = k8s_api_client::Request {
            target: target.clone(),
            call,
            identity: Arc::new(user),
            user_agent: agent.into(),
        };
        let Reply { response, warnings } = self.core.dispatch(request).await?;
        let mut answer = encode::response(&self.core, &target, response, accept, &query)?;
        warn(&mut answer, warnings);
        Ok(answer)
    }

    /// Finds out who asks and whether they may: before anything is said about what they ask for, and before anybody's
    /// megabytes are read.
    async fn admitted(
        &self,
        parts: &http::request::Parts,
        target: &Target,
        query: &options::Query,
    ) -> Result<UserInfo, Refusal> {
        let user = user::authenticate(&self.core, &*self.authenticator, parts).await?;
        let method = parts.method.as_str().to_ascii_lowercase();
        let verb = route::verb(&parts.method, target, query).unwrap_or(&method);
        let action = Action { verb, target };
        let user = user::impersonate(&self.core, user, &parts.headers, &action).await.map_err(Refusal::Unauthorized)?;
        self.core.authorize(&user, verb, target).await.map_err(Refusal::Unauthorized)?;
        Ok(user)
    }

    fn path(
        &self,
        parts: &http::request::Parts,
        path: &str,
        accept: &Accept,
    ) -> Result<Response<ResponseBody>, Status> {
        if parts.method != Method::GET && paths::is_read_only(path) {
            return Err(Status::method_not_allowed());
        }
        let query = parts.uri.query().unwrap_or_default();
        let form = accept.form(path)?;
        let document = paths::find(&self.core, path, query, form)?;
        Ok(encode::document(document, parts, accept, form))
    }

    /// The call of a request without a body; `None` when the body has to be read.
    fn call_of(
        &self,
        parts: &http::request::Parts,
        target: &ResourceTarget,
        query: &options::Query,
        accept: &Accept,
    ) -> Result<Option<Call>, Status> {
        let stream = matches!(target.subresource.as_str(), "log" | "exec" | "attach" | "portforward" | "proxy");
        if !stream {
            accept.check_encoding()?;
        }
        let list = || options::list(query);
        let call = match parts.method {
            Method::GET if stream => return Ok(Some(Call::Connect(query.pairs()))),
            Method::GET if query.flag("watch") => Call::Watch(list()?),
            Method::GET if target.name.is_empty() => Call::List(list()?),
            Method::GET => Call::Get { resource_version: query.text("resourceVersion").to_owned() },
            Method::POST | Method::PUT | Method::PATCH | Method::DELETE => return Ok(None),
            _ => return Err(Status::method_not_allowed()),
        };
        route::check_method(&self.core, target, call.verb(&Target::Resource(target.clone())))?;
        accept.check_shape()?;
        Ok(Some(call))
    }

    async fn body_call(
        &self,
        parts: &http::request::Parts,
        target: &ResourceTarget,
        query: &options::Query,
        accept: &Accept,
        body: FutureBody,
    ) -> Result<Call, Status> {
        let verb = match parts.method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            _ if target.name.is_empty() => "deletecollection",
            _ => "delete",
        };
        route::check_method(&self.core, target, verb)?;
        accept.check_shape()?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let media = content_type.split(';').next().unwrap_or_default().trim();
        Ok(match parts.method {
            Method::POST => Call::Create(encoded(media, body).await?, options::write(query, "CreateOptions")?),
            Method::PUT => Call::Update(encoded(media, body).await?, options::write(query, "UpdateOptions")?),
            Method::PATCH => {
                let kind = patch_kind(media)?;
                Call::Patch(kind, body.await?, options::write(query, "PatchOptions")?)
            }
            _ => {
                let delete = options::delete(query, &body.await?, media)?;
                if target.name.is_empty() {
                    Call::DeleteCollection(delete, options::list(query)?)
                } else {
                    Call::Delete(delete)
                }
            }
        })
    }
}

fn warn(response: &mut Response<ResponseBody>, warnings: impl IntoIterator<Item = String>) {
    for warning in warnings {
        let text = format!("299 - {}", k8s_api::field::quote(&warning));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append("warning", value);
        }
    }
}

/// Why a request gets no answer of its own.
enum Refusal {
    /// Its user may not make it; said by the filter, before any handler.
    Unauthorized(Status),
    /// Whatever a handler says.
    Failed(Status),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Failed(status)
    }
}

impl Refusal {
    fn response(self, accept: &Accept) -> Response<ResponseBody> {
        match self {
            Self::Failed(mut status) => {
                let warnings = std::mem::take(&mut status.warnings);
                let mut response = encode::status(&status, accept);
                warn(&mut response, warnings);
                response
            }
            Self::Unauthorized(status) => {
                let mut response = encode::status(&status, accept);
                let nosniff = HeaderValue::from_static("nosniff");
                response.headers_mut().insert("x-content-type-options", nosniff);
                response
            }
        }
    }
}

async fn encoded(media: &str, body: FutureBody) -> Result<Body, Status> {
    let media = match media {
        "" | "application/json" | "*/*" => MediaType::Json,
        "application/yaml" => MediaType::Yaml,
        protobuf::MEDIA_TYPE => MediaType::Protobuf,
        _ => {
            return Err(Status::unsupported_media_type(
                "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
    };
    Ok(Body::Encoded(media, body.await?))
}

fn patch_kind(media: &str) -> Result<PatchKind, Status> {
    Ok(match media {
        "application/json-patch+json" => PatchKind::Json,
        "application/merge-patch+json" => PatchKind::Merge,
        "application/strategic-merge-patch+json" => PatchKind::Strategic,
        "application/apply-patch+yaml" => PatchKind::Apply,
        _ => {
            return Err(Status::unsupported_media_type(
                "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor",
            ));
        }
    })
}

fn http_code(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
