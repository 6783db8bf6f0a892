use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use k8s_store::Error;
use parking_lot::Mutex;

/// What comes of a group of changes, for all who wait for it.
///
/// The writer wakes one of them, and that one wakes the others, from a thread of their own runtime: a thread that wakes
/// many tasks of a runtime one by one is interrupted by each. So that nobody depends on another, the writer drops this
/// before it writes again, which wakes whoever is left. Dropped without a word it says that the store is closed.
#[derive(Debug, Default)]
pub(crate) struct Verdict(Arc<Mutex<State>>);

/// What a change waits for.
#[derive(Debug)]
pub(crate) enum Wait {
    Nothing,
    For(Waiting),
}

/// One who waits for a verdict.
#[derive(Debug)]
pub(crate) struct Waiting {
    verdict: Arc<Mutex<State>>,
    /// Where its waker is.
    place: Option<usize>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Result<(), Error>>,
    /// Of those who wait; none where somebody gave up.
    wakers: Vec<Option<Waker>>,
}

impl Verdict {
    pub(crate) fn wait(&self) -> Wait {
        Wait::For(Waiting { verdict: Arc::clone(&self.0), place: None })
    }

    pub(crate) fn tell(&self, verdict: Result<(), Error>) {
        let mut state = self.0.lock();
        state.known.get_or_insert(verdict);
        let first = state.wakers.iter_mut().find_map(Option::take);
        drop(state);
        if let Some(first) = first {
            first.wake();
        }
    }
}

impl State {
    /// Returns the waker that was at the place before.
    fn set(&mut self, place: &mut Option<usize>, waker: Waker) -> Option<Waker> {
        if let Some(place) = place.and_then(|place| self.wakers.get_mut(place)) {
            return place.replace(waker);
        }
        *place = Some(self.wakers.len());
        self.wakers.push(Some(waker));
        None
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.known.get_or_insert(Err(Error::Closed));
        let rest = mem::take(&mut state.wakers);
        drop(state);
        wake(rest);
    }
}

impl Wait {
    pub(crate) async fn done(self) -> Result<(), Error> {
        match self {
            Self::Nothing => Ok(()),
            Self::For(mut waiting) => poll_fn(|cx| waiting.poll(cx)).await,
        }
    }
}

impl Waiting {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut state = self.verdict.lock();
        let Some(known) = state.known.clone() else {
            let before = state.set(&mut self.place, cx.waker().clone());
            drop(state);
            // As below.
            drop(before);
            return Poll::Pending;
        };
        let others = mem::take(&mut state.wakers);
        drop(state);
        self.place = None;
        wake(others);
        Poll::Ready(known)
    }
}

impl Drop for Waiting {
    /// Who gives up is not woken.
    fn drop(&mut self) {
        let waker = self.place.and_then(|place| self.verdict.lock().wakers.get_mut(place)?.take());
        // It may be the last of a task that waits here as well: not with the lock held.
        drop(waker);
    }
}

fn wake(wakers: Vec<Option<Waker>>) {
    wakers.into_iter().flatten().for_each(Waker::wake);
}
