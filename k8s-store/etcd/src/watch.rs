mod batches;
mod feed;
mod stream;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::future::BoxFuture;
use k8s_store::{Error, KeyRange, RangeOptions, Revision, Watch, WatchBatch, WatchOptions, WatchSource};
use tokio::sync::Notify;

use crate::failure::{Failure, Refusal};
use crate::{Etcd, wire};
use feed::Feed;

/// Opens a watch that begins at a revision fixed here, whatever member it is made at, then and later.
pub(crate) async fn open(etcd: &Etcd, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
    if options.progress.is_some_and(|interval| interval.is_zero()) {
        return Err(Error::invalid("a progress interval is zero"));
    }
    let start = options.start.filter(|start| !start.is_zero());
    let opened_at = opened_at(etcd, &range, start).await?;
    let received = start.map_or(opened_at, Revision::previous);
    let asked = Arc::new(Notify::new());
    let mut feed = Feed::new(etcd.clone(), range, options, received, Arc::clone(&asked));
    feed.connect().await?;
    Ok(Watch::new(opened_at, Source { state: State::Idle(Box::new(feed)), asked }))
}

/// The revision of now, once it is known that all from `start` on is there.
async fn opened_at(etcd: &Etcd, range: &KeyRange, start: Option<Revision>) -> Result<Revision, Error> {
    if let Some(start) = start {
        let key = wire::any_key(range);
        let probe = wire::range_request(&KeyRange::one(key.clone()), RangeOptions::at(start).count_only());
        match etcd.calls.range(probe).await {
            Ok(answer) => return Ok(wire::revision(answer.header)),
            // It has not happened yet, so nothing of it is forgotten.
            Err(Failure::Refused(Refusal::Future)) => {}
            Err(failure) => return Err(etcd.about_revision(failure, Some(start), &key).await),
        }
    }
    Ok(etcd.calls.now().await?)
}

/// The reading end: drives the feed only while somebody reads, so that etcd is held back by who does not.
struct Source {
    state: State,
    asked: Arc<Notify>,
}

enum State {
    Idle(Box<Feed>),
    Reading(BoxFuture<'static, (Box<Feed>, Result<WatchBatch, Error>)>),
    Ended,
}

impl WatchSource for Source {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(mut feed) => {
                    // Most batches are there already and need no future.
                    if let Some(batch) = feed.ready() {
                        self.state = State::Idle(feed);
                        return Poll::Ready(Some(Ok(batch)));
                    }
                    self.state = State::Reading(Box::pin(async move {
                        let next = feed.next().await;
                        (feed, next)
                    }));
                }
                State::Reading(mut reading) => {
                    let Poll::Ready((feed, next)) = reading.as_mut().poll(cx) else {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    if next.is_ok() {
                        self.state = State::Idle(feed);
                    }
                    return Poll::Ready(Some(next));
                }
            }
        }
    }

    fn request_progress(self: Pin<&mut Self>) {
        self.asked.notify_one();
    }
}
