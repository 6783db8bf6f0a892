use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream::SelectAll;
use k8s_store::{Error, EventFilter, KeyRange, Revision, Watch, WatchOptions};
use k8s_store_etcd_proto::etcdserverpb::watch_create_request::FilterType;
use k8s_store_etcd_proto::etcdserverpb::watch_request::RequestUnion;
use k8s_store_etcd_proto::etcdserverpb::{ResponseHeader, WatchCreateRequest, WatchRequest, WatchResponse};
use tokio::task::unconstrained;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tonic::{Status, Streaming};

use super::follower::{Control, Follower, Happening};
use super::fragments::fragments;
use super::progress::{Outcome, Together};
use crate::node::Node;
use crate::status::{WATCH_DUPLICATE_ID, WATCH_EMPTY_RANGE, status, watch_denied};
use crate::wire;

/// Names no watch: answers about all watches of a stream, and those that were not made.
const NO_WATCH: i64 = -1;
/// Undelivered transactions that the store holds for one watch before it has to read history.
const BUFFER: usize = 4096;
/// A fragment is smaller than the largest request and this.
const OVERHEAD: usize = 512 << 10;

/// One stream of watches: reads requests, follows, and makes answers when the transport asks for the next.
///
/// There is no task and no queue between the store and the transport: what a client does not take in is not made.
pub(crate) struct Session {
    node: Arc<Node>,
    requests: Streaming<WatchRequest>,
    /// What the store is asked for. Until it is known, no further request is read: answers come in the order of requests.
    waiting: Option<Waiting>,
    followers: SelectAll<Follower>,
    seats: BTreeMap<i64, Seat>,
    next_id: i64,
    together: Together,
    intervals: Option<Interval>,
    answers: VecDeque<WatchResponse>,
    stopped: BoxFuture<'static, ()>,
    ended: bool,
}

enum Waiting {
    Opening(Opening),
    /// How far the store is when a watch is cancelled.
    Cancelled(i64, BoxFuture<'static, Result<ResponseHeader, Status>>),
}

struct Opening {
    id: i64,
    range: KeyRange,
    options: WatchOptions,
    wishes: Wishes,
    watch: BoxFuture<'static, Result<Opened, Error>>,
}

/// A watch, or why it cannot begin where it was told to, with the revision of the store.
type Opened = (Revision, Result<Watch, Error>);

#[derive(Clone, Copy)]
struct Wishes {
    progress: bool,
    fragment: bool,
}

/// A watch that is open.
struct Seat {
    control: Arc<Control>,
    wishes: Wishes,
    /// Whether it had events since the last tick, so that it needs no report.
    busy: bool,
    /// Whether a report is due to it alone.
    due: bool,
}

impl Session {
    pub(super) fn new(node: Arc<Node>, requests: Streaming<WatchRequest>) -> Self {
        // It is looked at by all streams of a connection in turn, too often for the runtime's patience.
        let stopped = Box::pin(unconstrained(node.stopped()));
        Self {
            node,
            requests,
            waiting: None,
            followers: SelectAll::new(),
            seats: BTreeMap::new(),
            next_id: 0,
            together: Together::default(),
            intervals: None,
            answers: VecDeque::new(),
            stopped,
            ended: false,
        }
    }

    fn handle(&mut self, request: WatchRequest) {
        match request.request_union {
            Some(RequestUnion::CreateRequest(request)) => self.create(request),
            Some(RequestUnion::CancelRequest(request)) => self.cancel(request.watch_id),
            Some(RequestUnion::ProgressRequest(_)) => self.request_progress(),
            None => {}
        }
    }

    fn create(&mut self, request: WatchCreateRequest) {
        let (range, options, wishes) = wanted(&request);
        let id = match request.watch_id {
            _ if is_empty(&request) => Err(WATCH_EMPTY_RANGE),
            0 => Ok(self.free_id()),
            id if self.seats.contains_key(&id) => Err(WATCH_DUPLICATE_ID),
            id => Ok(id),
        };
        let (store, following) = (Arc::clone(&self.node.store), range.clone());
        let refused = id.err();
        let watch = Box::pin(async move {
            let opened = match refused {
                None => match store.watch(following, options).await {
                    Ok(watch) => return Ok((watch.opened_at(), Ok(watch))),
                    Err(error @ (Error::Compacted { .. } | Error::Denied { .. })) => Err(error),
                    Err(error) => return Err(error),
                },
                Some(reason) => Err(Error::invalid(reason)),
            };
            Ok((store.status().await?.revision, opened))
        });
        self.waiting = Some(Waiting::Opening(Opening { id: id.unwrap_or(NO_WATCH), range, options, wishes, watch }));
    }

    fn free_id(&mut self) -> i64 {
        loop {
            let id = self.next_id;
            self.next_id += 1;
            if !self.seats.contains_key(&id) {
                return id;
            }
        }
    }

    /// # Errors
    /// What ends the whole stream.
    fn opened(&mut self, opening: Opening, (revision, watch): Opened) -> Result<(), Status> {
        let Opening { id, range, options, wishes, .. } = opening;
        let created = WatchResponse { created: true, ..self.answer(id, Some(revision)) };
        match watch {
            Ok(watch) => {
                let follower = Follower::new(id, Arc::clone(&self.node), range, options, watch);
                let control = follower.control();
                if self.together.join(id) {
                    control.request_progress();
                }
                self.seats.insert(id, Seat { control, wishes, busy: false, due: false });
                self.followers.push(follower);
                self.answers.push_back(created);
                if wishes.progress && self.intervals.is_none() {
                    self.intervals = Some(ticks(self.node.progress_interval));
                }
            }
            Err(error @ Error::Compacted { .. }) => {
                self.answers.push_back(created);
                self.failed(id, error)?;
            }
            Err(Error::Invalid { reason }) => {
                self.answers.push_back(WatchResponse { canceled: true, cancel_reason: reason.into_owned(), ..created });
            }
            Err(Error::Denied { .. }) => {
                let created = WatchResponse { watch_id: NO_WATCH, ..created };
                self.answers.push_back(WatchResponse { cancel_reason: watch_denied(), canceled: true, ..created });
            }
            Err(error) => return Err(status(error)),
        }
        Ok(())
    }

    fn cancel(&mut self, id: i64) {
        let Some(seat) = self.seats.remove(&id) else { return };
        seat.control.cancel();
        let node = Arc::clone(&self.node);
        self.waiting = Some(Waiting::Cancelled(id, Box::pin(async move { node.header_now().await })));
    }

    fn cancelled(&mut self, id: i64, header: ResponseHeader) {
        let answer = WatchResponse { header: Some(header), watch_id: id, canceled: true, ..WatchResponse::default() };
        self.answers.push_back(answer);
        let left = self.together.leave(id);
        self.follow_up(left);
    }

    fn request_progress(&mut self) {
        if self.together.request(self.seats.keys().copied()) {
            self.seats.values().for_each(|seat| seat.control.request_progress());
        }
    }

    /// # Errors
    /// What ends the whole stream.
    fn happened(&mut self, id: i64, happening: Result<Happening, Error>) -> Result<(), Status> {
        // A cancelled watch may have had something to say still.
        let Some(seat) = self.seats.get_mut(&id) else { return Ok(()) };
        match happening {
            Ok(Happening::Events(last, events)) => {
                seat.busy = true;
                let fragment = seat.wishes.fragment;
                let events = events.into_iter().map(wire::event).collect();
                let whole = WatchResponse { events, ..self.answer(id, Some(last)) };
                if fragment {
                    self.answers.extend(fragments(whole, self.node.max_request_bytes + OVERHEAD));
                } else {
                    self.answers.push_back(whole);
                }
            }
            Ok(Happening::Progress(revision)) => {
                if std::mem::take(&mut seat.due) {
                    self.answers.push_back(self.answer(id, Some(revision)));
                }
                let outcome = self.together.report(id, revision);
                self.follow_up(outcome);
            }
            Err(error) => self.failed(id, error)?,
        }
        Ok(())
    }

    fn failed(&mut self, id: i64, error: Error) -> Result<(), Status> {
        let (compact_revision, cancel_reason) = match error {
            Error::Compacted { oldest, .. } => (oldest.0 as i64, String::new()),
            Error::Denied { .. } => (0, watch_denied()),
            error => return Err(status(error)),
        };
        self.seats.remove(&id);
        let left = self.together.leave(id);
        let answer = self.answer(id, None);
        self.answers.push_back(WatchResponse { canceled: true, compact_revision, cancel_reason, ..answer });
        self.follow_up(left);
        Ok(())
    }

    fn follow_up(&mut self, outcome: Outcome) {
        let Outcome::Done { revision, again } = outcome else { return };
        self.answers.push_back(self.answer(NO_WATCH, Some(revision)));
        if again {
            self.request_progress();
        }
    }

    fn tick(&mut self) {
        for seat in self.seats.values_mut().filter(|seat| seat.wishes.progress) {
            if !std::mem::take(&mut seat.busy) {
                seat.due = true;
                seat.control.request_progress();
            }
        }
    }

    fn answer(&self, watch_id: i64, revision: Option<Revision>) -> WatchResponse {
        let header = Some(self.node.header(revision.unwrap_or(Revision::ZERO)));
        WatchResponse { header, watch_id, ..WatchResponse::default() }
    }

    /// Reads requests until none is there, or one needs to wait for the store.
    ///
    /// # Errors
    /// What ends the whole stream.
    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        while !self.ended {
            match self.poll_waiting(cx) {
                Poll::Ready(known) => known?,
                Poll::Pending => return Ok(()),
            }
            match Pin::new(&mut self.requests).poll_next(cx) {
                Poll::Ready(Some(request)) => self.handle(request?),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => return Ok(()),
            }
        }
        Ok(())
    }

    /// # Errors
    /// What ends the whole stream.
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        match &mut self.waiting {
            None => {}
            Some(Waiting::Opening(opening)) => {
                let opened = ready!(opening.watch.as_mut().poll(cx)).map_err(status)?;
                if let Some(Waiting::Opening(opening)) = self.waiting.take() {
                    self.opened(opening, opened)?;
                }
            }
            Some(Waiting::Cancelled(id, header)) => {
                let (id, header) = (*id, ready!(header.as_mut().poll(cx))?);
                self.waiting = None;
                self.cancelled(id, header);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<WatchResponse, Status>>> {
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Poll::Ready(Some(Ok(answer)));
            }
            self.poll_requests(cx)?;
            if !self.answers.is_empty() {
                continue;
            }
            if self.ended || self.stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            // Until it is pending, so that the next tick wakes.
            while self.intervals.as_mut().is_some_and(|intervals| intervals.poll_tick(cx).is_ready()) {
                self.tick();
            }
            match Pin::new(&mut self.followers).poll_next(cx) {
                Poll::Ready(Some((id, happening))) => self.happened(id, happening)?,
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn wanted(request: &WatchCreateRequest) -> (KeyRange, WatchOptions, Wishes) {
    let smallest = Bytes::from_static(&[0]);
    let key = if request.key.is_empty() { smallest } else { request.key.clone() };
    let mut range = wire::key_range(key, request.range_end.clone());
    let has = |filter: FilterType| request.filters.contains(&filter.into());
    let filter = match (has(FilterType::Noput), has(FilterType::Nodelete)) {
        (false, false) => EventFilter::All,
        (false, true) => EventFilter::Puts,
        (true, false) => EventFilter::Deletes,
        (true, true) => {
            // Nothing passes; such a watch tells progress alone.
            range = KeyRange::range(range.start().clone(), range.start().clone());
            EventFilter::All
        }
    };
    let start = u64::try_from(request.start_revision).ok().filter(|start| *start > 0).map(Revision);
    let options = WatchOptions { start, prev: request.prev_kv, progress: None, buffer: BUFFER, filter };
    (range, options, Wishes { progress: request.progress_notify, fragment: request.fragment })
}

/// Whether no key can be in the range asked for, which etcd refuses.
fn is_empty(request: &WatchCreateRequest) -> bool {
    !matches!(&request.range_end[..], [] | [0]) && request.range_end <= request.key
}

fn ticks(every: std::time::Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Stream for Session {
    type Item = Result<WatchResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_answer(cx)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("watches", &self.seats.len()).finish_non_exhaustive()
    }
}
