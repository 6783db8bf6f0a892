use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{ContainerId, Result};

/// Asks containers for their health where no socket can.
///
/// # Contract
/// A runtime whose containers have no network implements it and hands it out through
/// [`Runtime::prober`](crate::Runtime::prober); the node then never opens a socket. It reports what a client would have
/// met; the node makes verdicts and messages of that.
///
/// # Ordering
/// An answer tells the health at some moment between call and return.
///
/// # Cancellation
/// It only reads.
#[async_trait]
pub trait Prober: Send + Sync {
    /// Asks once; answers [`ProbeAnswer::TimedOut`] after `timeout`.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound) and
    /// [`Error::WrongState`](crate::Error::WrongState) when it does not run.
    async fn probe(&self, id: &ContainerId, probe: &Probe, timeout: Duration) -> Result<ProbeAnswer>;
}

/// A question to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// An HTTP GET.
    Http {
        /// `http` or `https`.
        scheme: String,
        /// Host to ask; empty for the pod itself.
        host: String,
        /// Port to ask.
        port: u16,
        /// Path and query.
        path: String,
        /// Header lines, in order.
        headers: Vec<(String, String)>,
    },
    /// Whether a TCP port takes connections.
    Tcp {
        /// Host to ask; empty for the pod itself.
        host: String,
        /// Port to ask.
        port: u16,
    },
    /// gRPC's health protocol.
    Grpc {
        /// Port to ask.
        port: u16,
        /// Service to ask about; empty for the server as a whole.
        service: String,
    },
    /// A command run inside.
    Exec {
        /// The command and its arguments.
        command: Vec<String>,
    },
}

/// What the one who asked met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// An HTTP response.
    Http {
        /// Status code.
        status: u16,
        /// Start of the body, 10 KiB at most.
        body: Bytes,
    },
    /// The TCP port took the connection.
    Connected,
    /// The gRPC health service answered.
    Grpc(GrpcHealth),
    /// The command ended.
    Exited {
        /// Its exit code.
        code: i32,
        /// Both outputs.
        output: Bytes,
    },
    /// Nobody listens there.
    Refused,
    /// No answer came in time.
    TimedOut,
}

/// What gRPC's health service said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrpcHealth {
    /// `SERVING`.
    Serving,
    /// `NOT_SERVING`.
    NotServing,
    /// The server does not know the service.
    UnknownService,
    /// The server has no health service.
    Unimplemented,
}
