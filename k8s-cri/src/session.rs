use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::{ContainerId, Result, SandboxId};

/// Bytes that come out of a container.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// Bytes that go into a container; shutting it down closes standard input.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;
/// Resolves to the exit code, as [`ContainerState::Exited`](crate::ContainerState::Exited) has it.
pub type ExitFuture = Pin<Box<dyn Future<Output = Result<i32>> + Send>>;

/// Live connections into containers.
///
/// # Contract
/// The node's HTTP API calls it for `exec`, `attach` and `port-forward`, and for exec probes and hooks. Sessions are
/// independent of each other. Buffers between the two sides are bounded; who does not read holds the writer up.
///
/// # Ordering
/// Each stream is in order; there is none between streams. The exit code is there only after the outputs end.
///
/// # Cancellation
/// Dropping a [`Session`] closes its standard input and outputs; the backend ends an exec's process then if it can,
/// and never a container's first process. A dropped `exec_sync` ends what it ran if the backend can.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Runs a command in a running container and returns all it wrote.
    ///
    /// An exit code other than 0 is not an error. Without `timeout` there is no limit; outputs are cut off at 16 MiB
    /// each.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound),
    /// [`Error::WrongState`](crate::Error::WrongState) when it does not run,
    /// [`Error::TimedOut`](crate::Error::TimedOut), and [`Error::Failed`](crate::Error::Failed) when the command
    /// cannot be run.
    async fn exec_sync(&self, id: &ContainerId, command: &[String], timeout: Option<Duration>) -> Result<ExecOutput>;

    /// Runs a command in a running container with its streams connected.
    ///
    /// # Errors
    /// As [`Self::exec_sync`], and [`Error::Invalid`](crate::Error::Invalid) when no stream is asked for or a
    /// terminal together with standard error.
    async fn exec(&self, id: &ContainerId, exec: Exec) -> Result<Session>;

    /// Connects to the first process of a running container; `exec.command` and `exec.tty` do not matter. Outputs
    /// begin with what is written from now on; standard input is there only if the container has it open.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound) and
    /// [`Error::WrongState`](crate::Error::WrongState) when it does not run.
    async fn attach(&self, id: &ContainerId, exec: Exec) -> Result<Session>;

    /// Connects to a TCP port on the sandbox's loopback.
    ///
    /// # Errors
    /// [`Error::SandboxNotFound`](crate::Error::SandboxNotFound),
    /// [`Error::WrongState`](crate::Error::WrongState) when it is not ready, and
    /// [`Error::Failed`](crate::Error::Failed) when nobody listens there.
    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn Duplex>>;
}

/// What to run and which streams to connect.
#[expect(clippy::struct_excessive_bools, reason = "each stream is asked for by itself, as in CRI")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exec {
    /// The command and its arguments; no shell is involved.
    pub command: Vec<String>,
    /// The process gets a terminal.
    pub tty: bool,
    /// Connects standard input.
    pub stdin: bool,
    /// Connects standard output.
    pub stdout: bool,
    /// Connects standard error.
    pub stderr: bool,
}

/// A live connection to one process. Streams that were not asked for are `None`.
pub struct Session {
    /// Standard input.
    pub stdin: Option<Writer>,
    /// Standard output.
    pub stdout: Option<Reader>,
    /// Standard error.
    pub stderr: Option<Reader>,
    /// Takes new sizes of the terminal; `None` without one. Sizes that nobody reads in time may be skipped.
    pub resize: Option<mpsc::Sender<TerminalSize>>,
    /// The end of the process.
    pub exit: ExitFuture,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("stdin", &self.stdin.is_some())
            .field("stdout", &self.stdout.is_some())
            .field("stderr", &self.stderr.is_some())
            .field("tty", &self.resize.is_some())
            .finish_non_exhaustive()
    }
}

/// Size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What a finished command wrote and returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutput {
    /// Standard output.
    pub stdout: Bytes,
    /// Standard error.
    pub stderr: Bytes,
    /// Exit code.
    pub code: i32,
}

/// A two-way byte stream.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}
