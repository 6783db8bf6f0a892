use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use k8s_store_etcd_proto::{Corked, Rounds};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use crate::EtcdServer;

/// When to ask whether a silent client is still there, and how long to wait for an answer: etcd's own.
const PING_EVERY: Duration = Duration::from_secs(7200);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client may take for the bytes that each HTTP/2 connection begins with, and how many they are.
const GREETING: Duration = Duration::from_secs(10);
const GREETING_SIZE: u64 = 24;
/// How much of a request is taken in that nobody has read yet, of one and of all of a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// How much of an answer is made before the client takes it in: etcd's own.
const SEND_BUFFER: usize = 64 << 10;
/// So many calls of a connection are answered at once; its client waits with more.
const STREAMS: u32 = 16384;

impl EtcdServer {
    /// Serves one connection, until the other end closes it or the streams of the server end, or if it says nothing for
    /// ten seconds.
    ///
    /// All of its requests are answered within this future: one connection uses one processor at a time.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection.
    pub async fn serve_connection(&self, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (io, rounds) = (Corked::new(io), Rounds::default());
        let mut builder = http2::Builder::new(rounds.clone());
        builder
            .timer(TokioTimer::new())
            .auto_date_header(false)
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT);
        let service = TowerToHyperService::new(self.service());
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io.clone()), service));
        let end = rounds.drive(io.clone(), async {
            tokio::select! {
                biased;
                end = connection.as_mut() => end,
                () = silence(&io) => Ok(()),
                () = self.node.stopped() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        });
        match end.at_once().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection broke"),
            Err(error) => tracing::debug!(%error, "a connection cannot be written to"),
        }
    }
}

/// Ends if the other end of a connection does not greet in time.
async fn silence<T: AsyncRead + AsyncWrite + Unpin>(io: &Corked<T>) {
    sleep(GREETING).await;
    if io.heard() >= GREETING_SIZE {
        pending::<()>().await;
    }
    tracing::debug!("a client says nothing");
}
