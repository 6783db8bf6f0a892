use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::Engine;
use super::history::{Batch, revision_of};
use super::hub::{Found, Hub, Seat};
use crate::{Error, Event, KeyRange, Revision, Watch, WatchBatch, WatchOptions, WatchSource};

/// The reading end of a watch.
struct Reader {
    range: KeyRange,
    options: WatchOptions,
    hub: Arc<Hub>,
    seat: Arc<Seat>,
    /// Taken from history or from the seat, and not delivered yet.
    ready: VecDeque<Batch>,
    opened_at: Revision,
    progress: Progress,
    ended: bool,
}

/// When to report progress.
#[derive(Default)]
struct Progress {
    requested: bool,
    timer: Option<Timer>,
}

struct Timer {
    interval: Duration,
    last_event: Instant,
    sleep: Pin<Box<Sleep>>,
}

/// Opens a watch so that what history holds and what comes later meet without a gap or an overlap.
pub(super) fn open(engine: &Engine, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
    if options.progress.is_some_and(|interval| interval.is_zero()) {
        return Err(Error::invalid("a progress interval is zero"));
    }
    // Nothing is handed out while the seats are locked: what is committed after the state is read finds this seat.
    let mut seats = engine.hub.admit();
    let state = engine.state.read();
    let opened_at = state.published();
    let start = options.start.filter(|start| !start.is_zero()).unwrap_or(opened_at.next());
    let held = state.open().and_then(|state| state.check_held(start.min(opened_at), opened_at));
    if let Err(error) = held {
        engine.hub.dismiss();
        return Err(error);
    }
    let wanted = |batch: &&Batch| batch.iter().any(|event| wants(&range, &options, event));
    // What is staged and not published comes through the seat.
    let published = state.history.since(start).take_while(|batch| revision_of(batch) <= opened_at);
    let ready = published.filter(wanted).cloned().collect();
    drop(state);
    let seat = seats.add(&range, opened_at.max(start.previous()), options.buffer, options.filter);
    drop(seats);
    let progress = Progress { requested: false, timer: options.progress.map(Timer::new) };
    let hub = Arc::clone(&engine.hub);
    Ok(Watch::new(opened_at, Reader { range, options, hub, seat, ready, opened_at, progress, ended: false }))
}

fn wants(range: &KeyRange, options: &WatchOptions, event: &Event) -> bool {
    options.filter.passes(event.kind) && range.contains(&event.kv.key)
}

impl WatchSource for Reader {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<WatchBatch, Error>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        loop {
            if let Some(batch) = this.ready.pop_front() {
                this.progress.saw_event();
                return Poll::Ready(Some(Ok(this.project(&batch))));
            }
            // Before the seat is found empty, so that all up to here has been delivered if it is.
            let revision = this.hub.dispatched().max(this.opened_at);
            match this.seat.take(&mut this.ready, cx.waker()) {
                Found::Batches => {}
                Found::End(error) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Found::Nothing => {
                    ready!(this.progress.poll_due(cx));
                    return Poll::Ready(Some(Ok(WatchBatch { revision, events: Vec::new() })));
                }
            }
        }
    }

    fn request_progress(mut self: Pin<&mut Self>) {
        // Another thread may have committed and not handed out yet what the caller has heard of already.
        self.hub.dispatch();
        self.progress.requested = true;
    }
}

impl Reader {
    fn project(&self, batch: &Batch) -> WatchBatch {
        let mine = batch.iter().filter(|event| wants(&self.range, &self.options, event));
        let events = mine.map(|event| self.copy(event)).collect();
        WatchBatch { revision: revision_of(batch), events }
    }

    fn copy(&self, event: &Event) -> Event {
        let prev = if self.options.prev { event.prev.clone() } else { None };
        Event { kind: event.kind, kv: event.kv.clone(), prev }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.hub.leave(&self.range, self.seat.id);
    }
}

impl Progress {
    fn saw_event(&mut self) {
        if let Some(timer) = &mut self.timer {
            timer.last_event = Instant::now();
        }
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.requested) {
            return Poll::Ready(());
        }
        match &mut self.timer {
            Some(timer) => timer.poll_due(cx),
            None => Poll::Pending,
        }
    }
}

impl Timer {
    fn new(interval: Duration) -> Self {
        Self { interval, last_event: Instant::now(), sleep: Box::pin(sleep(interval)) }
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            let left = self.interval.saturating_sub(self.last_event.elapsed());
            if left.is_zero() {
                self.last_event = Instant::now();
                self.sleep.set(sleep(self.interval));
                return Poll::Ready(());
            }
            self.sleep.set(sleep(left));
        }
    }
}
