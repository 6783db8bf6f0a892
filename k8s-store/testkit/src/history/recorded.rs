use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;
use k8s_store::{
    Error, KeyRange, Page, RangeOptions, Revision, Status, Store, Txn, TxnOutcome, Watch, WatchBatch, WatchOptions,
    WatchSource,
};
use parking_lot::Mutex;

use super::{Answer, Call, History, Moment, Request, Watched};

/// Where a history is written down.
///
/// Every call, answer and batch has a moment of its own, taken before a call is passed on and after its answer came, so
/// that the order of moments is one that somebody outside could have seen. A call whose future is dropped stays
/// unanswered in the history.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Mutex<Log>>);

/// A layer that writes down what passes through it.
#[derive(Clone, Debug)]
pub struct Recorded<S> {
    store: S,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    now: Moment,
    history: History,
}

impl Log {
    fn tick(&mut self) -> Moment {
        self.now += 1;
        self.now
    }
}

impl Recorder {
    /// A recorder for a store that holds no key and is at `first`.
    pub fn new(first: Revision) -> Self {
        Self(Arc::new(Mutex::new(Log { now: 0, history: History { first, ..History::default() } })))
    }

    /// Records what is asked of `store`. A store that is opened again goes on in the same history.
    pub fn record<S: Store>(&self, store: S) -> Recorded<S> {
        Recorded { store, log: Arc::clone(&self.0) }
    }

    /// All there is so far.
    pub fn history(&self) -> History {
        self.0.lock().history.clone()
    }
}

impl<S: Store> Recorded<S> {
    fn ask(&self, request: Request) -> usize {
        let mut log = self.log.lock();
        let called = log.tick();
        log.history.calls.push(Call { called, request, answer: None });
        log.history.calls.len() - 1
    }

    fn hear<T>(&self, call: usize, result: &Result<T, Error>, answer: impl FnOnce(&T) -> Answer) {
        let answer = result.as_ref().map(answer).map_err(Clone::clone);
        let mut log = self.log.lock();
        let at = log.tick();
        log.history.calls[call].answer = Some((at, answer));
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Recorded<S> {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        let call = self.ask(Request::Range(range.clone(), options));
        let result = self.store.range(range, options).await;
        self.hear(call, &result, |page| Answer::Page(page.clone()));
        result
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let call = self.ask(Request::Txn(txn.clone()));
        let result = self.store.txn(txn).await;
        self.hear(call, &result, |outcome| Answer::Outcome(outcome.clone()));
        result
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        let watched = Watched { range: range.clone(), options, opened_at: None, told: Vec::new() };
        let index = {
            let mut log = self.log.lock();
            log.history.watches.push(watched);
            log.history.watches.len() - 1
        };
        let below = self.store.watch(range, options).await?;
        let opened_at = below.opened_at();
        self.log.lock().history.watches[index].opened_at = Some(opened_at);
        Ok(Watch::new(opened_at, Ear { below, log: Arc::clone(&self.log), index }))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        let call = self.ask(Request::Compact(revision));
        let result = self.store.compact(revision).await;
        self.hear(call, &result, |()| Answer::Done);
        result
    }

    async fn status(&self) -> Result<Status, Error> {
        let call = self.ask(Request::Status);
        let result = self.store.status().await;
        self.hear(call, &result, |status| Answer::Status(*status));
        result
    }
}

struct Ear {
    below: Watch,
    log: Arc<Mutex<Log>>,
    index: usize,
}

impl WatchSource for Ear {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        let next = Pin::new(&mut self.below).poll_next(cx);
        if let Poll::Ready(Some(told)) = &next {
            let mut log = self.log.lock();
            let at = log.tick();
            log.history.watches[self.index].told.push((at, told.clone()));
        }
        next
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        self.below.request_progress();
    }
}
