use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use jiff::Timestamp;

use crate::{ContainerId, Result};

/// Pieces of a log, oldest first.
pub type LogStream = Pin<Box<dyn Stream<Item = Result<LogEntry>> + Send>>;

/// What containers wrote.
///
/// # Contract
/// The log of a container can be read from its creation until its removal, while it runs and after. Joined together,
/// the pieces of one output are exactly what was written to it; how much of an old log is kept is the backend's
/// choice, documented there.
///
/// # Ordering
/// Entries come in the order written, with times that never fall.
///
/// # Cancellation
/// Dropping the stream stops the reading and nothing else.
#[async_trait]
pub trait Logs: Send + Sync {
    /// Reads a container's log.
    ///
    /// With [`LogOptions::follow`] the stream ends when the container has exited and all was read, or when it was
    /// removed; without, at the present end.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound); the stream yields
    /// [`Error::Failed`](crate::Error::Failed) as its last item when reading breaks off.
    async fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogStream>;

    /// Opens the log file anew after somebody moved it away. Fine for runtimes without log files.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound) and
    /// [`Error::WrongState`](crate::Error::WrongState) when it does not run.
    async fn reopen_log(&self, id: &ContainerId) -> Result<()>;
}

/// Which part of a log to read. The default reads all that is there and ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Waits for more at the end.
    pub follow: bool,
    /// Starts this many lines before the present end.
    pub tail_lines: Option<u64>,
    /// Leaves out what was written before.
    pub since: Option<Timestamp>,
}

/// A piece of a log: a line, or a part of one that is long or unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it was written.
    pub at: Timestamp,
    /// Where it was written to.
    pub output: Output,
    /// What was written; ends with the line feed unless the line goes on or never ended.
    pub bytes: Bytes,
}

/// One of a process's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
