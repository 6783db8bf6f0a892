use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::{fmt, io, mem};

use futures_core::future::BoxFuture;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;

use crate::Corked;
use crate::again::Again;

/// So many rounds follow each other at most before other tasks go first.
const ON_END: usize = 4;

/// Drives an HTTP/2 connection and all of its calls as one future, round by round.
///
/// It is the executor that hyper spawns the calls of the connection into. What all of them have to say in one round
/// leaves in one write, no call is a task of its own, and none contends with another for the connection. In return one
/// connection uses one processor at a time.
#[derive(Clone, Default)]
pub struct Rounds(Arc<Mutex<Vec<Call>>>);

type Call = BoxFuture<'static, ()>;

/// A connection under way: see [`Rounds::drive`].
#[must_use = "nothing is driven unless it is awaited"]
pub struct Driving<T, C: Future> {
    rounds: Rounds,
    again: Arc<Again>,
    /// Wakes `again`.
    waker: Waker,
    io: Corked<T>,
    connection: Pin<Box<C>>,
    calls: FuturesUnordered<Call>,
    /// What came of the connection while calls were still waited for.
    end: Option<C::Output>,
    waits_for_calls: bool,
    /// How many rounds follow each other at most.
    on_end: usize,
}

impl Rounds {
    /// Drives `connection`, which spawns into this and writes to `io`, to its end. Calls that are not done by then are
    /// dropped: nobody is left to answer. An error is one of writing, and `connection` has not ended then.
    ///
    /// # Cancellation
    /// Dropping the future drops the connection and the calls.
    pub fn drive<T, C: Future>(self, io: Corked<T>, connection: C) -> Driving<T, C> {
        let (connection, calls) = (Box::pin(connection), FuturesUnordered::new());
        let again = Arc::<Again>::default();
        let waker = Waker::from(Arc::clone(&again));
        Driving { rounds: self, again, waker, io, connection, calls, end: None, waits_for_calls: false, on_end: 1 }
    }
}

impl<T, C: Future> Driving<T, C> {
    /// Goes on until the calls have ended as well: a client that asks for nothing more still wants what it asked for.
    pub fn until_calls_end(self) -> Self {
        Self { waits_for_calls: true, ..self }
    }

    /// Follows a round that makes another one necessary, as one does in which a call was answered, with that one at once
    /// and on the same thread. Without this other tasks go first, which is right where those who call are among them.
    pub fn at_once(self) -> Self {
        Self { on_end: ON_END, ..self }
    }
}

impl<T, C: Future> Unpin for Driving<T, C> {}

impl<T: AsyncWrite + Unpin, C: Future> Driving<T, C> {
    fn round(&mut self) -> Poll<io::Result<C::Output>> {
        let cx = &mut Context::from_waker(&self.waker);
        poll_all(&mut self.calls, cx);
        if self.end.is_none()
            && let Poll::Ready(end) = self.connection.as_mut().poll(cx)
        {
            self.end = Some(end);
        }
        let new = mem::take(&mut *self.rounds.0.lock());
        if !new.is_empty() {
            self.calls.extend(new);
            // A call that is answered at once wakes this future for the next round.
            poll_all(&mut self.calls, cx);
        }
        let written = self.io.poll_uncork(cx);
        if (!self.waits_for_calls || self.calls.is_empty())
            && let Some(end) = self.end.take()
        {
            return Poll::Ready(Ok(end));
        }
        match written {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
    }
}

impl<T: AsyncWrite + Unpin, C: Future> Future for Driving<T, C> {
    type Output = io::Result<C::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.again.begin(cx.waker());
        for _ in 0..self.on_end {
            if let Poll::Ready(end) = self.round() {
                return Poll::Ready(end);
            }
            if !self.again.is_wanted() {
                return Poll::Pending;
            }
        }
        self.again.give_way();
        Poll::Pending
    }
}

impl<T, C: Future> fmt::Debug for Driving<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driving").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

fn poll_all(calls: &mut FuturesUnordered<Call>, cx: &mut Context<'_>) {
    while let Poll::Ready(Some(())) = calls.poll_next_unpin(cx) {}
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Rounds {
    fn execute(&self, call: F) {
        self.0.lock().push(Box::pin(call));
    }
}

impl fmt::Debug for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rounds")
    }
}
