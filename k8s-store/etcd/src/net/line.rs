use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::future::BoxFuture;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioIo, TokioTimer};
use k8s_env::Spawner;
use k8s_store_etcd_proto::{Corked, Rounds};
use tonic::body::Body;

use super::{Endpoint, Io};

/// When to ask whether a silent member is still there, and how long it has for an answer. Together they bound how
/// long a paused or unreachable member is believed in.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// How much of one answer is taken in that nobody has read yet: what a watch that is not read costs.
const STREAM_WINDOW: u32 = 512 << 10;
/// The same of all together: the most there is, so that watches which are not read do not hold up the rest.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// A connection to one member. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Line {
    /// Which of the connections ever made this is.
    pub(super) number: u64,
    endpoint: Endpoint,
    sender: SendRequest<Body>,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) struct LineError {
    /// Whether the member may have seen the request.
    pub(crate) maybe_sent: bool,
    source: hyper::Error,
}

impl Line {
    /// # Errors
    /// When the other end does not speak HTTP/2.
    pub(super) async fn new(
        number: u64,
        endpoint: Endpoint,
        io: Box<dyn Io>,
        spawner: Spawner,
    ) -> Result<Self, hyper::Error> {
        let (io, rounds) = (Corked::new(io), Rounds::default());
        let (sender, connection) = http2::Builder::new(rounds.clone())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true)
            .handshake(TokioIo::new(io.clone()))
            .await?;
        let driving: BoxFuture<'static, _> = Box::pin(rounds.drive(io, connection).until_calls_end());
        spawner.spawn(async move {
            match driving.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection to etcd broke"),
                Err(error) => tracing::debug!(%error, "a connection to etcd cannot be written to"),
            }
        });
        Ok(Self { number, endpoint, sender })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// The whole address of a call, of which its maker knows only the path.
    fn address(&self, path: Option<PathAndQuery>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(if self.endpoint.tls { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(self.endpoint.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).expect("all three parts are there")
    }
}

impl tower::Service<Request<Body>> for Line {
    type Response = Response<Incoming>;
    type Error = LineError;
    type Future = BoxFuture<'static, Result<Response<Incoming>, LineError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LineError>> {
        // Whether the connection is open is found out by sending: it may close after any look.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.address(parts.uri.into_parts().path_and_query);
        let answer = self.sender.try_send_request(Request::from_parts(parts, body));
        Box::pin(async move {
            answer.await.map_err(|mut error| {
                // hyper hands a request back that it did not begin to send.
                let maybe_sent = error.take_message().is_none();
                LineError { maybe_sent, source: error.into_error() }
            })
        })
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection failed")
    }
}

impl std::error::Error for LineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} to {})", self.number, self.endpoint.authority)
    }
}
