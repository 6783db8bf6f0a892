use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use k8s_api_server::http::Credentials;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

use super::body::UntilStop;
use super::linger::{Linger, Wanted};
use super::{Erased, Shared, stopped};
use crate::rt::OnTasks;
use crate::subject;

/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(32);
/// How many bytes of headers are read. A token and a long selector are a few KiB.
const HEADERS: u32 = 256 * 1024;
/// How many requests one connection carries at once, as upstream.
const STREAMS: u32 = 250;
/// How much of a body that nobody has read yet is taken in, as upstream.
const STREAM_WINDOW: u32 = 256 * 1024;
/// When to ask whether a silent client is still there, and how long to wait for an answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) async fn serve_tls(stream: TlsStream<TcpStream>, shared: Shared) {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    let user = certificate.and_then(|c| subject::user(c)).map(|user| Credentials { user: Arc::new(user) });
    if session.alpn_protocol() == Some(b"h2") {
        serve_http2(stream, shared, user).await;
    } else {
        serve_http1(stream, shared.service, user, Some(HEAD), shared.stop).await;
    }
}

/// Serves one connection of HTTP/1.1 until it is closed or `stop` says so, or no next request comes for `patience`.
pub(crate) async fn serve_http1<I>(
    io: I,
    service: Erased,
    user: Option<Credentials>,
    patience: Option<Duration>,
    stop: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (bodies, linger) = (stop.clone(), Wanted::default());
    let io = Linger::new(io, linger.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (service, user, stop, linger) = (service.clone(), user.clone(), bodies.clone(), linger.clone());
        async move {
            let response = service.answer(request, user.as_ref(), &stop).await;
            if response.headers().get(CONNECTION).is_some_and(|v| v == "close") {
                linger.set();
            }
            Ok::<_, Infallible>(response.map(|body| UntilStop::new(body, stop)))
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEADERS as usize);
    drive(builder.serve_connection(TokioIo::new(io), service).with_upgrades(), stop).await;
}

async fn serve_http2(stream: TlsStream<TcpStream>, shared: Shared, user: Option<Credentials>) {
    let Shared { service, stop, spawner, .. } = shared;
    let bodies = stop.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (service, user, stop) = (service.clone(), user.clone(), bodies.clone());
        async move {
            let response = service.answer(request, user.as_ref(), &stop).await;
            Ok::<_, Infallible>(response.map(|body| UntilStop::new(body, stop)))
        }
    });
    let mut builder = http2::Builder::new(OnTasks(spawner));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * 16)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    drive(builder.serve_connection(TokioIo::new(stream), service), stop).await;
}

/// A connection that can be asked to take no more requests.
trait Graceful: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<I, S> Graceful for http1::UpgradeableConnection<I, S>
where
    Self: Future<Output = hyper::Result<()>>,
    S: HttpService<Incoming, Error = Infallible, ResBody = UntilStop>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S> Graceful for http2::Connection<I, S, OnTasks>
where
    Self: Future<Output = hyper::Result<()>>,
    S: HttpService<Incoming, Error = Infallible, ResBody = UntilStop>,
    S::Future: Send + 'static,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn drive(connection: impl Graceful, mut stop: watch::Receiver<bool>) {
    let mut connection = pin!(connection);
    let end = tokio::select! {
        biased;
        end = connection.as_mut() => end,
        () = stopped(&mut stop) => {
            connection.as_mut().finish();
            connection.await
        }
    };
    if let Err(error) = end {
        tracing::debug!(%error, "connection broke");
    }
}
