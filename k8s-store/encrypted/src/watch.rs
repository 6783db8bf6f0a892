use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use k8s_store::{Error, Watch, WatchBatch, WatchSource};

use crate::data_keys::{DataKeys, Openers};
use crate::store::{collect, open};
use crate::values;

type Unwrapping = Pin<Box<dyn Future<Output = Result<Openers, Error>> + Send>>;

struct Decrypted {
    below: Watch,
    keys: Arc<DataKeys>,
    state: State,
}

enum State {
    /// Waits for a batch.
    Listening,
    /// Has a batch whose data keys are being unwrapped.
    Unwrapping(WatchBatch, Unwrapping),
    /// Told its end.
    Ended,
}

/// What `below` tells, decrypted. A batch that cannot be ends the watch with the reason.
pub(crate) fn decrypted(below: Watch, keys: Arc<DataKeys>) -> Watch {
    Watch::new(below.opened_at(), Decrypted { below, keys, state: State::Listening })
}

impl WatchSource for Decrypted {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Ended => return Poll::Ready(None),
                State::Listening => {
                    let Some(told) = ready!(Pin::new(&mut this.below).poll_next(cx)) else { return Poll::Ready(None) };
                    let mut batch = match told {
                        Ok(batch) => batch,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    let stored = collect(|visit| values::in_events(&mut batch.events, visit));
                    if let Some(openers) = this.keys.at_hand(&stored) {
                        return Poll::Ready(Some(this.open(batch, &openers)));
                    }
                    let keys = Arc::clone(&this.keys);
                    this.state = State::Unwrapping(batch, Box::pin(async move { keys.openers(stored).await }));
                }
                State::Unwrapping(_, unwrapping) => {
                    let openers = ready!(unwrapping.as_mut().poll(cx));
                    let State::Unwrapping(batch, _) = std::mem::replace(&mut this.state, State::Listening) else {
                        continue;
                    };
                    let opened = openers.and_then(|openers| this.open(batch, &openers));
                    if opened.is_err() {
                        this.state = State::Ended;
                    }
                    return Poll::Ready(Some(opened));
                }
            }
        }
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        self.below.request_progress();
    }
}

impl Decrypted {
    fn open(&mut self, mut batch: WatchBatch, openers: &Openers) -> Result<WatchBatch, Error> {
        let opened = values::in_events(&mut batch.events, &mut |kv| open(&self.keys, openers, kv));
        if opened.is_err() {
            self.state = State::Ended;
        }
        opened.map(|()| batch)
    }
}
