mod credentials;
mod decode;
mod dial;
mod encode;
mod failure;
mod lines;
mod warning;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use k8s_api::{Status, UserInfo};
use k8s_api_client::{ByteStream, Raw, RawBody, Reply, Request, Response, Transport};
use k8s_env::Env;
use tokio::time::timeout;

use crate::pool::{Pool, RequestBody};
use crate::tls::Trust;
use crate::{Error, Identity, ResponseBody};
use credentials::Bearer;
pub use credentials::Token;
use dial::Tcp;
use encode::{Expected, Wire};

/// How long to wait for the head of an answer and between parts of its body, unless told otherwise: the server gives
/// up on its own after 60 seconds and says so.
const PATIENCE: Duration = Duration::from_secs(75);
/// The largest answer that is taken as a whole. A list of all pods of the largest clusters is some hundred megabytes.
const LARGEST: usize = 1 << 30;

/// A road to any Kubernetes API server over HTTPS.
///
/// It prefers HTTP/2, where all requests and watches share connections, and falls back to HTTP/1.1. Connections are
/// made when needed; what was not sent on one that broke is sent on another. Nothing else is tried again: that is the
/// caller's to decide, by [`Status::retry`] and the details' `retryAfterSeconds`.
///
/// Requests whose identity is not [`Https::identity`] carry `Impersonate-*` headers.
///
/// # Limits
/// An event of a watch is 16 MiB at most, any other answer 1 GiB. [`Access::timeout`] bounds every wait but that of an open stream; there,
/// HTTP/2 notices a dead server within 45 seconds.
pub struct Https {
    pool: Arc<Pool>,
    /// What comes before `/api`, without a slash at the end.
    prefix: String,
    bearer: Option<Bearer>,
    identity: UserInfo,
    patience: Duration,
}

/// Where a server is, whether to trust it, and who we are to it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The server's URL, `https://host:port`, possibly with a path; `http` where a proxy on this machine is asked.
    pub server: String,
    /// The authority (PEM) that must have signed the server's certificate. Needed unless `insecure` or `http`.
    pub authority_pem: Option<String>,
    /// Trust any server.
    pub insecure: bool,
    /// The name that the server's certificate must have, when it is not the URL's host.
    pub server_name: Option<String>,
    /// Our client certificate.
    pub certificate: Option<Identity>,
    /// Our token.
    pub token: Option<Token>,
    /// Who we are, when neither the certificate nor the token says it.
    pub user: Option<String>,
    /// How long to wait for the head of an answer and between parts of its body; 75 seconds when `None`.
    pub timeout: Option<Duration>,
}

impl Https {
    /// Prepares to talk to a server; nothing is sent yet.
    ///
    /// # Errors
    /// When the URL, a certificate or a key cannot be used.
    pub fn new(access: &Access, env: &Env) -> Result<Self, Error> {
        let no_url =
            |why: &dyn fmt::Display| Error::Access(format!("{:?} is no URL of a server: {why}", access.server));
        let url: Uri = access.server.parse().map_err(|e: http::uri::InvalidUri| no_url(&e))?;
        let authority = url.authority().cloned().ok_or_else(|| no_url(&"it has no host"))?;
        let scheme = url.scheme().cloned().unwrap_or(Scheme::HTTPS);
        let tcp = if scheme == Scheme::HTTPS {
            let trust = match (&access.authority_pem, access.insecure) {
                (_, true) => Trust::Anybody,
                (Some(pem), false) => Trust::Authority(pem.clone()),
                (None, false) => Trust::Nobody,
            };
            let config = crate::tls::client_config(&trust, access.certificate.as_ref(), env)?;
            Tcp::tls(&authority, access.server_name.as_deref(), config)?
        } else {
            Tcp::plain(&authority)
        };
        let authority = Authority::try_from(without_user(&authority)).map_err(|e| no_url(&e))?;
        Ok(Self {
            prefix: url.path().trim_end_matches('/').to_owned(),
            bearer: access.token.clone().map(Bearer::new),
            identity: credentials::identity(access)?,
            patience: access.timeout.unwrap_or(PATIENCE),
            pool: Pool::new(tcp, scheme, authority),
        })
    }

    /// Who the server takes us for, as far as our credentials say it.
    pub fn identity(&self) -> &UserInfo {
        &self.identity
    }

    async fn send(&self, request: Request) -> Result<(http::Response<ResponseBody>, Wire), Status> {
        let headers = self.headers(&request)?;
        let mut wire = encode::wire(request)?;
        let uri = format!("{}{}", self.prefix, wire.path);
        let body: RequestBody =
            Full::from(std::mem::take(&mut wire.body)).map_err(|never| match never {}).boxed_unsync();
        let mut message = http::Request::new(body);
        *message.method_mut() = wire.method.clone();
        *message.uri_mut() = uri.parse().map_err(|e| Status::bad_request(format!("{uri:?} is no URL: {e}")))?;
        *message.headers_mut() = headers;
        if let Some(content_type) = wire.content_type {
            message.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        match timeout(self.patience, self.pool.send(message)).await {
            Ok(Ok(response)) => Ok((response, wire)),
            Ok(Err(error)) => {
                Err(Status::unavailable(format!("{} {:?}{uri}: {}", wire.method, self.pool, chain(&*error))))
            }
            Err(_) => Err(late()),
        }
    }

    fn headers(&self, request: &Request) -> Result<HeaderMap, Status> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*"));
        if let Ok(agent) = HeaderValue::from_str(&request.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        if let Some(bearer) = &self.bearer {
            headers.insert(AUTHORIZATION, bearer.header()?);
        }
        if !credentials::is_same(&self.identity, &request.identity) {
            credentials::impersonate(&request.identity, &mut headers)?;
        }
        Ok(headers)
    }

    async fn read(&self, mut body: ResponseBody) -> Result<Bytes, Status> {
        let mut first: Option<Bytes> = None;
        let mut all = BytesMut::new();
        loop {
            let frame = timeout(self.patience, body.frame()).await.map_err(|_| late())?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|e| broken(&e))?.into_data() else { continue };
            // Small answers come in one piece, which need not be copied.
            match first.take() {
                None if all.is_empty() => first = Some(data),
                None => all.extend_from_slice(&data),
                Some(before) => {
                    all.extend_from_slice(&before);
                    all.extend_from_slice(&data);
                }
            }
            if all.len() > LARGEST {
                return Err(Status::too_large("the answer is larger than 1 GiB"));
            }
        }
        Ok(first.unwrap_or_else(|| all.freeze()))
    }
}

#[async_trait]
impl Transport for Https {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        let (response, wire) = self.send(request).await?;
        let (head, body) = response.into_parts();
        let warnings = warning::read(&head.headers);
        if !head.status.is_success() {
            if head.status == StatusCode::UNAUTHORIZED
                && let Some(bearer) = &self.bearer
            {
                bearer.forget();
            }
            let body = self.read(body).await.unwrap_or_default();
            return Err(failure::status(&head, &wire, &body).with_warnings(warnings));
        }
        let content_type = || {
            let value = head.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let response = match wire.expected {
            Expected::Watch => Response::Watch(watch::stream(body)),
            Expected::Stream => Response::Raw(Raw { content_type: content_type(), body: RawBody::Stream(bytes(body)) }),
            Expected::Bytes => {
                let body = RawBody::Full(self.read(body).await?);
                Response::Raw(Raw { content_type: content_type(), body })
            }
            Expected::Object => decode::object(self.read(body).await?, head.status == StatusCode::CREATED)?,
            Expected::Collection => decode::collection(&self.read(body).await?)?,
        };
        Ok(Reply { response, warnings })
    }
}

fn bytes(body: ResponseBody) -> ByteStream {
    Box::pin(unfold(Some(body), |body| async move {
        let mut body = body?;
        loop {
            return match body.frame().await? {
                Err(error) => Some((Err(broken(&error)), None)),
                Ok(frame) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => Some((Ok(data), Some(body))),
                    _ => continue,
                },
            };
        }
    }))
}

fn without_user(authority: &Authority) -> &str {
    authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host)
}

fn late() -> Status {
    Status::timeout("the server did not answer in time", 0)
}

fn broken(error: &hyper::Error) -> Status {
    Status::unavailable(format!("the connection broke: {}", chain(error)))
}

/// An error with all that led to it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = text + ": " + &more;
        }
        cause = error.source();
    }
    text
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Https({:?}{})", self.pool, self.prefix)
    }
}
