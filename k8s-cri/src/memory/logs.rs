use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::runtime::{Inner, MemoryRuntime, upgrade};
use crate::{ContainerId, LogEntry, LogOptions, LogStream, Logs, Output, Result};

/// How many bytes of a container's log are kept, at most; the oldest entries go first.
const KEPT: usize = 1 << 20;
/// How many entries one follower may lag behind before it is left to catch up from the log itself.
const AHEAD: usize = 64;

/// What one container wrote.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<LogEntry>,
    bytes: usize,
    /// How many entries were dropped at the front.
    dropped: u64,
}

impl Log {
    pub(super) fn push(&mut self, at: Timestamp, output: Output, bytes: Bytes) {
        self.bytes += bytes.len();
        self.entries.push_back(LogEntry { at, output, bytes });
        while self.bytes > KEPT && self.entries.len() > 1 {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.bytes.len();
            self.dropped += 1;
        }
    }

    /// The number of the entry that will be written next.
    pub(super) fn end(&self) -> u64 {
        self.dropped + self.entries.len() as u64
    }

    fn from(&self, number: u64) -> impl Iterator<Item = &LogEntry> {
        self.entries.range(number.saturating_sub(self.dropped).min(self.entries.len() as u64) as usize..)
    }

    /// The number of the entry with which the last `lines` lines begin.
    fn tail(&self, lines: u64) -> u64 {
        let mut left = lines;
        for (i, entry) in self.entries.iter().enumerate().rev() {
            // The last entry may be a line that is not finished yet; it counts as one all the same.
            if entry.bytes.ends_with(b"\n") || i + 1 == self.entries.len() {
                if left == 0 {
                    return self.dropped + i as u64 + 1;
                }
                left -= 1;
            }
        }
        self.dropped
    }
}

#[async_trait]
impl Logs for MemoryRuntime {
    async fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogStream> {
        let state = self.lock();
        let log = &state.container(id)?.log;
        let first = options.tail_lines.map_or(0, |lines| log.tail(lines));
        let since = options.since.unwrap_or(Timestamp::MIN);
        if !options.follow {
            let entries: VecDeque<_> = log.from(first).filter(|entry| entry.at >= since).cloned().collect();
            return Ok(Box::pin(Read(entries)));
        }
        let (entries, followed) = mpsc::channel(AHEAD);
        let mut reader = LogReader::new(Arc::downgrade(&self.0), id.clone(), first);
        drop(state);
        self.0.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = entries.closed() => {}
                () = reader.feed(&entries, since) => {}
            }
        });
        Ok(Box::pin(Follow(followed)))
    }

    async fn reopen_log(&self, id: &ContainerId) -> Result<()> {
        self.lock().running(id).map(|_| ())
    }
}

impl MemoryRuntime {
    /// Writes to the log of a container; does nothing when it does not run.
    pub(super) fn write_log(&self, id: &ContainerId, output: Output, bytes: Bytes) {
        let now = self.now();
        let mut state = self.lock();
        if state.running(id).is_err() {
            return;
        }
        if let Ok(row) = state.container_mut(id) {
            row.log.push(now, output, bytes);
            row.changed.notify_waiters();
        }
    }
}

/// Reads one container's log as it grows.
pub(super) struct LogReader {
    runtime: Weak<Inner>,
    id: ContainerId,
    next: u64,
}

impl LogReader {
    pub(super) fn new(runtime: Weak<Inner>, id: ContainerId, next: u64) -> Self {
        Self { runtime, id, next }
    }

    /// What was written since the last call; waits for something, and answers `None` when nothing will come.
    pub(super) async fn more(&mut self) -> Option<Vec<LogEntry>> {
        loop {
            let changed = upgrade(&self.runtime)?.lock().containers.get(&self.id)?.changed.clone();
            let notified = changed.notified();
            tokio::pin!(notified);
            // Listening must begin before looking, or a line in between is slept through.
            notified.as_mut().enable();
            if let Some(entries) = self.unread()? {
                return Some(entries);
            }
            notified.await;
        }
    }

    /// Outer `None`: it is over. Inner `None`: nothing yet.
    fn unread(&mut self) -> Option<Option<Vec<LogEntry>>> {
        let runtime = upgrade(&self.runtime)?;
        let state = runtime.lock();
        let row = state.containers.get(&self.id)?;
        if row.log.end() > self.next {
            let entries = row.log.from(self.next).cloned().collect();
            self.next = row.log.end();
            return Some(Some(entries));
        }
        if row.is_over() { None } else { Some(None) }
    }

    async fn feed(&mut self, to: &mpsc::Sender<LogEntry>, since: Timestamp) {
        while let Some(entries) = self.more().await {
            for entry in entries.into_iter().filter(|entry| entry.at >= since) {
                if to.send(entry).await.is_err() {
                    return;
                }
            }
        }
    }
}

struct Read(VecDeque<LogEntry>);

impl Stream for Read {
    type Item = Result<LogEntry>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

struct Follow(mpsc::Receiver<LogEntry>);

impl Stream for Follow {
    type Item = Result<LogEntry>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|entry| entry.map(Ok))
    }
}
