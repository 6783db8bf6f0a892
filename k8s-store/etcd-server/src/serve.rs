use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use k8s_env::{Spawner, Tasks};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::{Error, EtcdServer, ServerTls};

/// So many connections are served at once; more wait to be accepted.
const CONNECTIONS: u32 = 16384;
/// How long requests get to finish when a server stops.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A listener that serves a store as etcd.
///
/// Dropping it closes the listener and all connections at once. The store stays open.
#[must_use = "dropping it stops serving"]
pub struct Server {
    address: SocketAddr,
    stop: Arc<watch::Sender<bool>>,
    slots: Arc<Semaphore>,
    tasks: Tasks,
}

impl EtcdServer {
    /// Serves whom `listener` accepts, over TLS if told how.
    ///
    /// # Limits
    /// 16,384 connections, as many calls at once on each, 10 seconds for the TLS handshake and as many until a client
    /// begins to speak. A request is at most 512 KiB larger than the largest write. Of an answer that a client does not
    /// take in 64 KiB are made, and one message of a watch: it falls behind and catches up from history.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn serve(&self, listener: TcpListener, tls: Option<ServerTls>) -> Result<Server, Error> {
        let address = listener.local_addr().map_err(|source| Error::Listener { source: Arc::new(source) })?;
        let tasks = Tasks::new();
        let slots = Arc::new(Semaphore::new(CONNECTIONS as usize));
        let acceptor = tls.map(|tls| TlsAcceptor::from(tls.0));
        tasks.spawn(accept(listener, self.clone(), acceptor, Arc::clone(&slots), tasks.spawner()));
        Ok(Server { address, stop: Arc::clone(&self.stop), slots, tasks })
    }
}

impl Server {
    /// The address that it listens at.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener, ends all streams of the [`EtcdServer`], lets requests that are being answered finish for
    /// up to a second, and closes all connections. The store stays open.
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

async fn accept(
    listener: TcpListener,
    server: EtcdServer,
    tls: Option<TlsAcceptor>,
    slots: Arc<Semaphore>,
    spawner: Spawner,
) {
    let mut stopped = pin!(server.node.stopped());
    loop {
        let next = async {
            // The semaphore is never closed; were it, nothing could be served.
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let accepted = tokio::select! {
            biased;
            () = stopped.as_mut() => return,
            accepted = next => accepted,
        };
        match accepted {
            None => return,
            Some((slot, Ok((stream, peer)))) => {
                let (server, tls) = (server.clone(), tls.clone());
                spawner.spawn(async move {
                    handle(server, stream, peer, tls).await;
                    drop(slot);
                });
            }
            Some((_, Err(error))) => {
                tracing::debug!(%error, "failed to accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn handle(server: EtcdServer, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
    // Answers are small and somebody waits for them; an error here will show again at the first write.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return server.serve_connection(stream).await };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => server.serve_connection(stream).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}
