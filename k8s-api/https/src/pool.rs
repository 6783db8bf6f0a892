//! Connections to one server, dialled when needed and used again.

mod body;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, Version};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use k8s_env::Tasks;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::rt::OnTasks;
pub use body::ResponseBody;
use body::{Lease, Stream};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// The body of a request.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// So many requests share one HTTP/2 connection, where the server allows as many: most allow 100 or 250, and a request
/// beyond that would wait for a watch to end.
const STREAMS: usize = 100;
/// So many idle HTTP/1.1 connections are kept.
const IDLE: usize = 32;
/// How often a request that was not sent is tried on another connection.
const ATTEMPTS: u32 = 3;
/// As Go's client: no stream keeps the others of its connection from flowing.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 1 << 30;
/// Upstream: `HTTP2_READ_IDLE_TIMEOUT_SECONDS` and `HTTP2_PING_TIMEOUT_SECONDS` of apimachinery.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection's two ends, whatever they are made of.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Makes connections to one server.
#[async_trait]
pub(crate) trait Dial: Send + Sync + 'static {
    /// A new connection. What it needs to run may be spawned into `tasks`.
    async fn dial(&self, tasks: &Tasks) -> Result<(Box<dyn Io>, Protocol), BoxError>;
}

/// Connections to one server. Dropping it closes them.
pub(crate) struct Pool {
    dial: Box<dyn Dial>,
    tasks: Tasks,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
    connections: Mutex<Connections>,
    /// Whether several requests can share a connection, as far as is known.
    shares: AtomicBool,
    /// Held while dialling a connection that many wait to share.
    dialling: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Connections {
    idle: Vec<http1::SendRequest<RequestBody>>,
    shared: Vec<Shared>,
}

/// An HTTP/2 connection and how many requests are on it.
struct Shared {
    sender: http2::SendRequest<RequestBody>,
    streams: Arc<AtomicUsize>,
    /// How many the server allows.
    limit: Arc<AtomicUsize>,
}

/// A connection on which one request can be sent.
enum Sender {
    Http1(http1::SendRequest<RequestBody>),
    Http2(http2::SendRequest<RequestBody>, Stream),
}

impl Pool {
    pub(crate) fn new(dial: impl Dial, scheme: Scheme, authority: Authority) -> Arc<Self> {
        // An authority is made of visible ASCII alone.
        let host = HeaderValue::from_str(authority.as_str()).unwrap_or(HeaderValue::from_static("localhost"));
        Arc::new(Self {
            dial: Box::new(dial),
            tasks: Tasks::new(),
            scheme,
            authority,
            host,
            connections: Mutex::default(),
            shares: AtomicBool::new(true),
            dialling: tokio::sync::Mutex::default(),
        })
    }

    /// Sends a request whose URI is a path with a query, and waits for the head of the response.
    ///
    /// A request that is known not to have reached the server is sent again on another connection.
    pub(crate) async fn send(
        self: &Arc<Self>,
        mut request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, BoxError> {
        let mut attempt = 1;
        loop {
            match self.sender().await? {
                Sender::Http1(mut sender) => {
                    self.for_http1(&mut request);
                    match sender.try_send_request(request).await {
                        Ok(response) => {
                            let lease = Lease::Connection(sender, self.clone());
                            return Ok(response.map(|body| ResponseBody::new(body, lease)));
                        }
                        Err(error) => request = again(error, &mut attempt)?,
                    }
                }
                Sender::Http2(mut sender, stream) => {
                    self.for_http2(&mut request)?;
                    match sender.try_send_request(request).await {
                        Ok(response) => {
                            let lease = Lease::Stream(stream, self.clone());
                            return Ok(response.map(|body| ResponseBody::new(body, lease)));
                        }
                        Err(error) => request = again(error, &mut attempt)?,
                    }
                }
            }
        }
    }

    async fn sender(&self) -> Result<Sender, BoxError> {
        if let Some(sender) = self.existing().await {
            return Ok(sender);
        }
        if !self.shares.load(Ordering::Relaxed) {
            return self.dial().await;
        }
        let _dialling = self.dialling.lock().await;
        match self.existing().await {
            Some(sender) => Ok(sender),
            None => self.dial().await,
        }
    }

    async fn existing(&self) -> Option<Sender> {
        loop {
            let mut sender = {
                let connections = &mut *self.connections.lock();
                connections.shared.retain(|shared| !shared.sender.is_closed());
                if let Some(sender) = connections.shared.iter().find_map(Shared::stream) {
                    return Some(sender);
                }
                connections.idle.pop()?
            };
            if sender.ready().await.is_ok() {
                return Some(Sender::Http1(sender));
            }
        }
    }

    async fn dial(&self) -> Result<Sender, BoxError> {
        let (io, protocol) = self.dial.dial(&self.tasks).await?;
        self.shares.store(protocol == Protocol::Http2, Ordering::Relaxed);
        match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(TokioIo::new(io)).await?;
                self.tasks.spawn(async move { log(connection.with_upgrades().await) });
                Ok(Sender::Http1(sender))
            }
            Protocol::Http2 => {
                let mut builder = http2::Builder::new(OnTasks(self.tasks.spawner()));
                builder
                    .timer(TokioTimer::new())
                    .initial_stream_window_size(STREAM_WINDOW)
                    .initial_connection_window_size(CONNECTION_WINDOW)
                    .keep_alive_interval(PING_EVERY)
                    .keep_alive_timeout(PING_TIMEOUT)
                    // A server that vanished is noticed before the next request waits for it.
                    .keep_alive_while_idle(true);
                let (sender, mut connection) = builder.handshake(TokioIo::new(io)).await?;
                let limit = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
                let shared = Shared { sender: sender.clone(), streams: Arc::default(), limit: limit.clone() };
                // The server may say any time how many requests it takes.
                let run = poll_fn(move |cx| {
                    let end = Pin::new(&mut connection).poll(cx);
                    limit.store(connection.current_max_send_streams(), Ordering::Relaxed);
                    end
                });
                self.tasks.spawn(async move { log(run.await) });
                let stream = Stream::new(&shared.streams);
                self.connections.lock().shared.push(shared);
                Ok(Sender::Http2(sender, stream))
            }
        }
    }

    fn for_http1(&self, request: &mut Request<RequestBody>) {
        *request.version_mut() = Version::HTTP_11;
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, self.host.clone());
        }
        // A retry after an HTTP/2 connection: HTTP/1.1 wants the path alone.
        if request.uri().scheme().is_some()
            && let Some(path) = request.uri().path_and_query()
        {
            *request.uri_mut() = Uri::from(path.clone());
        }
    }

    fn for_http2(&self, request: &mut Request<RequestBody>) -> Result<(), BoxError> {
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(HOST);
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        *request.uri_mut() = Uri::from_parts(parts)?;
        Ok(())
    }

    fn give_back(&self, sender: http1::SendRequest<RequestBody>) {
        let idle = &mut self.connections.lock().idle;
        if !sender.is_closed() && idle.len() < IDLE {
            idle.push(sender);
        }
    }
}

impl Shared {
    fn stream(&self) -> Option<Sender> {
        let limit = self.limit.load(Ordering::Relaxed).clamp(1, STREAMS);
        let free = self.streams.load(Ordering::Relaxed) < limit;
        free.then(|| Sender::Http2(self.sender.clone(), Stream::new(&self.streams)))
    }
}

/// The request, if it was not sent and may be tried again.
fn again<T>(mut error: hyper::client::conn::TrySendError<T>, attempt: &mut u32) -> Result<T, BoxError> {
    match error.take_message() {
        Some(request) if *attempt < ATTEMPTS => {
            *attempt += 1;
            Ok(request)
        }
        _ => Err(error.into_error().into()),
    }
}

fn log(end: hyper::Result<()>) {
    if let Err(error) = end {
        tracing::debug!(%error, "connection broke");
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}
