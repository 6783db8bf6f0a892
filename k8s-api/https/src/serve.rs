mod body;
mod connection;
mod linger;
mod service;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use k8s_env::Tasks;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::Service;

use crate::{Error, ServerTls};
pub(crate) use connection::serve_http1;
pub(crate) use service::{BoxError, Erased};

/// So many connections are served at once; more wait to be accepted.
const CONNECTIONS: u32 = 8192;
/// How long requests get to finish when a server stops.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a client may take for the TLS handshake, as upstream's Go server has it with reading the head.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How requests without TLS begin.
const PLAIN_HTTP: [&[u8]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];
const NEEDS_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// A listener that serves HTTPS.
///
/// Dropping it closes the listener and all connections at once.
#[must_use = "dropping it stops serving"]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    slots: Arc<Semaphore>,
    tasks: Tasks,
}

/// What the tasks of one server share.
#[derive(Clone)]
struct Shared {
    tls: TlsAcceptor,
    service: Erased,
    stop: watch::Receiver<bool>,
    spawner: k8s_env::Spawner,
}

/// Serves `service` over HTTP/1.1 and HTTP/2 to whom `listener` accepts.
///
/// The user of a client's certificate is put into the extensions of its requests as
/// [`Credentials`](k8s_api_server::http::Credentials). HTTP/1.1 connections can be upgraded with [`hyper::upgrade`];
/// an upgraded connection belongs to the service, which has to end it.
///
/// # Limits
/// 8192 connections, 250 streams on each, 10 seconds for the handshake, 32 for the head of a request or for the next
/// one to begin on an idle connection of HTTP/1.1, 256 KiB of headers, 90 seconds for the head of a response (then
/// 504). Peers of HTTP/2 that are silent for 50 seconds are gone. Bodies are the service's to limit.
///
/// # Errors
/// When the listener has no address.
pub fn serve<S, B>(listener: TcpListener, tls: ServerTls, service: S) -> Result<Server, Error>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let address = listener.local_addr().map_err(Error::Listener)?;
    let tasks = Tasks::new();
    let (stop, stopped) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let service = Erased::new(service);
    let shared = Shared { tls: tls.0.into(), service, stop: stopped, spawner: tasks.spawner() };
    tasks.spawn(accept(listener, shared, slots.clone()));
    Ok(Server { address, stop, slots, tasks })
}

impl Server {
    /// The address that it listens at.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener, lets requests that are being answered finish for up to a second, ends streams that wait
    /// for something to happen, and closes all connections.
    ///
    /// # Cancellation
    /// Dropping the future leaves the server stopping; dropping the server closes everything at once.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        // Whoever holds every slot knows that no connection is left.
        let _ = timeout(GRACE, self.slots.acquire_many(CONNECTIONS)).await;
        self.tasks.stop().await;
    }
}

async fn accept(listener: TcpListener, shared: Shared, slots: Arc<Semaphore>) {
    let mut stop = shared.stop.clone();
    loop {
        let next = async {
            // The semaphore is never closed; were it, nothing could be served.
            let slot = slots.clone().acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            accepted = next => accepted,
        };
        match accepted {
            None => return,
            Some((slot, Ok((stream, peer)))) => {
                let shared = shared.clone();
                shared.spawner.clone().spawn(async move {
                    handle(stream, peer, shared).await;
                    drop(slot);
                });
            }
            Some((_, Err(error))) => {
                tracing::debug!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn handle(stream: TcpStream, peer: SocketAddr, shared: Shared) {
    // Answers are small and somebody waits for them; an error here will show again at the first write.
    let _ = stream.set_nodelay(true);
    let mut stop = shared.stop.clone();
    let handshake = tokio::select! {
        biased;
        () = stopped(&mut stop) => return,
        handshake = timeout(HANDSHAKE, handshake(stream, &shared.tls)) => handshake,
    };
    match handshake {
        Ok(Ok(Some(stream))) => connection::serve_tls(stream, shared).await,
        Ok(Ok(None)) => tracing::debug!(%peer, "a request without TLS"),
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

/// A connection with TLS; `None` when the client speaks plain HTTP and has been told so, as Go's server does it.
async fn handshake(mut stream: TcpStream, tls: &TlsAcceptor) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0; 5];
    let n = stream.peek(&mut first).await?;
    if PLAIN_HTTP.contains(&&first[..n]) {
        stream.write_all(NEEDS_TLS).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    tls.accept(stream).await.map(Some)
}

/// Waits until the server stops or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}
