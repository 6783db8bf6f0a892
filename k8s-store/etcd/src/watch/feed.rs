use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use k8s_store::{Error, KeyRange, Revision, WatchBatch, WatchOptions};
use k8s_store_etcd_proto::etcdserverpb::WatchResponse;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::Status;

use super::batches::Batches;
use super::stream::{MemberWatch, NotMade, is_about_token};
use crate::call::Pauses;
use crate::failure::{Failure, Refusal};
use crate::{Etcd, wire};

/// How soon a member that does not answer a request for progress is asked again: it leaves out requests that come
/// while it catches up.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A watch that goes from member to member.
pub(super) struct Feed {
    etcd: Etcd,
    range: KeyRange,
    options: WatchOptions,
    member: Option<MemberWatch>,
    batches: Batches,
    /// The last revision up to which everything is here: where the next member goes on.
    received: Revision,
    began_after: Revision,
    asked: Arc<Notify>,
    progress: Progress,
    /// The last time that something was delivered.
    last: Instant,
}

/// How far a request for progress is.
enum Progress {
    Idle,
    /// Something has to be delivered at or above this revision, which was the store's after it was asked for.
    Wanted {
        at_least: Revision,
        ask_at: Instant,
    },
}

/// What comes first.
enum Turn {
    Closed,
    Message(Result<Option<WatchResponse>, Status>),
    Asked,
    AskMember,
}

impl Feed {
    pub(super) fn new(
        etcd: Etcd,
        range: KeyRange,
        options: WatchOptions,
        received: Revision,
        asked: Arc<Notify>,
    ) -> Self {
        let (batches, progress, last) = (Batches::default(), Progress::Idle, Instant::now());
        let (member, began_after) = (None, received);
        Self { etcd, range, options, member, batches, received, began_after, asked, progress, last }
    }

    /// Makes the first watch, so that who may not or cannot watch is told at once.
    ///
    /// # Errors
    /// When etcd refuses, or no member answers in time.
    pub(super) async fn connect(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + self.etcd.calls.patience;
        let mut pauses = Pauses::default();
        while let Err(status) = self.attach().await? {
            let pause = pauses.next();
            if Instant::now() + pause >= deadline {
                return Err(Error::Unavailable { source: Arc::new(status) });
            }
            sleep(pause).await;
        }
        Ok(())
    }

    /// What is here already.
    pub(super) fn ready(&mut self) -> Option<WatchBatch> {
        let batch = self.batches.pop()?;
        self.last = Instant::now();
        Some(batch)
    }

    /// The next batch. After an error there is none.
    ///
    /// # Errors
    /// [`Error::Compacted`], [`Error::Closed`], and what etcd does not allow any more.
    pub(super) async fn next(&mut self) -> Result<WatchBatch, Error> {
        let mut pauses = Pauses::default();
        loop {
            if let Some(batch) = self.ready().or_else(|| self.reached()) {
                return Ok(batch);
            }
            if self.member.is_none() {
                let calls = Arc::clone(&self.etcd.calls);
                let attached = tokio::select! {
                    biased;
                    () = calls.until_closed() => return Err(Error::Closed),
                    attached = self.attach() => attached?,
                };
                if let Err(error) = attached {
                    tracing::debug!(%error, "a watch found no member to go on at");
                    sleep(pauses.next()).await;
                }
                continue;
            }
            match self.turn().await {
                Turn::Closed => return Err(Error::Closed),
                Turn::Message(Ok(Some(message))) => {
                    pauses = Pauses::default();
                    if let Some(report) = self.received(message)? {
                        return Ok(report);
                    }
                }
                Turn::Message(end) => {
                    tracing::debug!(?end, "a member ended a watch");
                    self.detach();
                }
                Turn::Asked => {
                    if let Some(report) = self.ask().await {
                        return Ok(report);
                    }
                }
                Turn::AskMember => self.ask_member(),
            }
        }
    }

    /// The report that is wanted, when what was delivered reaches so far already.
    fn reached(&mut self) -> Option<WatchBatch> {
        match self.progress {
            // A watch that starts in the future has not received what is before its start.
            Progress::Wanted { at_least, .. } if self.received >= at_least => {
                let revision = if self.received > self.began_after { self.received } else { at_least };
                Some(self.report(revision))
            }
            _ => None,
        }
    }

    async fn turn(&mut self) -> Turn {
        let Some(member) = &mut self.member else { return Turn::Closed };
        let due = match (&self.progress, self.options.progress) {
            (Progress::Wanted { ask_at, .. }, _) => Some(*ask_at),
            (Progress::Idle, Some(interval)) => Some(self.last + interval),
            (Progress::Idle, None) => None,
        };
        let is_idle = matches!(self.progress, Progress::Idle);
        tokio::select! {
            biased;
            () = self.etcd.calls.until_closed() => Turn::Closed,
            message = member.message() => Turn::Message(message),
            () = self.asked.notified(), if is_idle => Turn::Asked,
            () = reached(due) => if is_idle { Turn::Asked } else { Turn::AskMember },
        }
    }

    /// Learns what has to be reported: members lag, so what one says may be older than what the caller knows. It is
    /// here already when nothing was written since, and then no member would say so: etcd reports no progress of a
    /// watch whose first revision has not happened.
    async fn ask(&mut self) -> Option<WatchBatch> {
        let now = self.etcd.calls.now().await;
        match now {
            Ok(now) if now <= self.received => return Some(self.report(now)),
            Ok(at_least) => {
                self.progress = Progress::Wanted { at_least, ask_at: Instant::now() };
                self.ask_member();
            }
            // Nobody can say now. Whoever asked is still waiting.
            Err(error) => {
                tracing::debug!(?error, "the revision of now is not to be had");
                self.asked.notify_one();
                sleep(ASK_AGAIN).await;
            }
        }
        None
    }

    fn report(&mut self, revision: Revision) -> WatchBatch {
        self.progress = Progress::Idle;
        self.last = Instant::now();
        WatchBatch { revision, events: Vec::new() }
    }

    fn ask_member(&mut self) {
        if let (Some(member), Progress::Wanted { ask_at, .. }) = (&self.member, &mut self.progress) {
            member.request_progress();
            *ask_at = Instant::now() + ASK_AGAIN;
        }
    }

    /// Takes a message in; returns what is to be reported.
    fn received(&mut self, message: WatchResponse) -> Result<Option<WatchBatch>, Error> {
        if message.canceled {
            self.cancelled(&message)?;
            return Ok(None);
        }
        if !message.events.is_empty() || message.fragment {
            self.received = self.batches.add(message.events, message.fragment, self.received);
            return Ok(None);
        }
        let revision = wire::revision(message.header);
        if message.created {
            return Ok(None);
        }
        self.received = self.received.max(revision);
        match self.progress {
            Progress::Wanted { at_least, .. } if revision >= at_least => Ok(Some(self.report(revision))),
            _ => Ok(None),
        }
    }

    /// # Errors
    /// When no other member can go on either.
    fn cancelled(&mut self, message: &WatchResponse) -> Result<(), Error> {
        if message.compact_revision > 0 {
            let oldest = Revision(message.compact_revision as u64);
            return Err(Error::Compacted { asked: self.received.next(), oldest });
        }
        if message.cancel_reason.contains("permission denied") {
            return Err(Error::Denied { reason: message.cancel_reason.clone().into() });
        }
        if let Some(member) = &self.member {
            member.refresh(&self.etcd.calls, message);
        }
        self.detach();
        Ok(())
    }

    fn detach(&mut self) {
        self.batches.cut();
        if let Some(member) = self.member.take() {
            self.etcd.calls.pool.leave(&member.line);
        }
    }

    /// Makes a watch at the member in use. The inner error says why that one does not work.
    ///
    /// # Errors
    /// When none will.
    async fn attach(&mut self) -> Result<Result<(), Status>, Error> {
        let calls = &self.etcd.calls;
        if calls.is_closed() {
            return Err(Error::Closed);
        }
        let line = match calls.pool.line().await {
            Ok(line) => line,
            Err(error) => return Ok(Err(Status::unavailable(error.to_string()))),
        };
        match MemberWatch::create(calls, line, &self.range, &self.options, self.received).await {
            Ok(member) => {
                self.member = Some(member);
                // What was asked of the last member is asked of this one.
                self.ask_member();
                Ok(Ok(()))
            }
            Err(NotMade::Broken(line, status)) => {
                calls.not_let_in(&line, &status)?;
                Ok(Err(status))
            }
            Err(NotMade::Cancelled(why)) if is_about_token(&why) => Ok(Err(Status::unauthenticated(why.cancel_reason))),
            Err(NotMade::Cancelled(why)) => {
                self.cancelled(&why)?;
                Err(Failure::from(Refusal::Invalid(why.cancel_reason)).into())
            }
        }
    }
}

async fn reached(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
