use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use k8s_store::{Error, Hash, Maintenance, Revision, Snapshot};

use crate::Durable;
use crate::checkpoint::{Copy, pieces};
use crate::format::{LOG_HEADER, Record};
use crate::queue::Gate;
use crate::store::Shared;

/// A snapshot that is not read falls behind after so many transactions.
const SNAPSHOT_BUFFER: usize = 100_000;

/// What a key takes in a base at most beside its bytes and those of its value.
const KEY_OVERHEAD: u64 = 80;

/// A snapshot is the file that `FORMAT.md` draws, to be given to [`tools::restore`](crate::tools::restore). It is made
/// as it is read; if it is left unread while 100,000 transactions pass, it ends with [`Error::Overflowed`].
#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Maintenance for Durable {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let copy = self.copy().await?;
        Ok(Snapshot::new(copy.revision(), Pieces(Box::new(pieces(copy)))))
    }

    async fn defragment(&self) -> Result<(), Error> {
        self.shared.queue.lock().enter()?;
        if self.shared.can_leave_the_log()? {
            let wait = {
                let mut waiting = self.shared.queue.lock();
                waiting.enter()?;
                waiting.group.rotate = true;
                waiting.group.join()
            };
            self.shared.queue.bell.ring();
            wait.done().await?;
        }
        self.shared.keeper.defragment().await
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        self.shared.engine.hash(revision)
    }

    async fn close(&self) -> Result<(), Error> {
        let wait = {
            let mut waiting = self.shared.queue.lock();
            match waiting.gate {
                Gate::Closed => return Ok(()),
                Gate::Open => waiting.group.add(&Record::Closed),
                Gate::Failed(_) => {}
            }
            waiting.gate = Gate::Closed;
            waiting.group.closes = true;
            waiting.group.join()
        };
        self.shared.queue.bell.ring();
        let written = wait.done().await;
        self.shared.end();
        self.tasks.stop().await;
        self.shared.keeper.ended().await;
        drop(self.shared.claim.lock().take());
        written
    }
}

impl Durable {
    /// Begins a copy as of now.
    pub(crate) async fn copy(&self) -> Result<Copy, Error> {
        let shared = &self.shared;
        loop {
            // A lease that is only staged must not be in a snapshot, nor be missing for an end that is.
            let retractions = shared.queue.lock().retractions;
            let keys = shared.engine.keys() as u64;
            let copy = Copy::begin(&shared.engine, shared.store, None, 1, keys, SNAPSHOT_BUFFER)?;
            if shared.is_published(copy.leases_as_of) {
                return Ok(copy);
            }
            shared.settle().await?;
            if shared.queue.lock().retractions == retractions {
                return Ok(copy);
            }
        }
    }
}

impl Shared {
    /// Whether nothing in the whole log is needed for the past, and a base of now and a log that begins anew are
    /// together sure to be shorter than what there is.
    fn can_leave_the_log(&self) -> Result<bool, Error> {
        let status = self.engine.status()?;
        if status.oldest < status.revision {
            return Ok(false);
        }
        let copy = Copy::begin(&self.engine, self.store, None, 1, 0, SNAPSHOT_BUFFER);
        let Ok(Some(head)) = copy.and_then(|mut copy| copy.next()) else { return Ok(false) };
        let most = head.len() as u64 + status.size + KEY_OVERHEAD * (self.engine.keys() as u64 + 1) + LOG_HEADER as u64;
        let segments = self.segments.lock();
        Ok(most < segments.size() - segments.spare_size())
    }
}

struct Pieces(Box<dyn Iterator<Item = Result<Bytes, Error>> + Send>);

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }
}
