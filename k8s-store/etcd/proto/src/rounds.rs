use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io, mem};

use futures_core::future::BoxFuture;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;

use crate::Corked;

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
    io: Corked<T>,
    connection: Pin<Box<C>>,
    calls: FuturesUnordered<Call>,
    /// What came of the connection while calls were still waited for.
    end: Option<C::Output>,
    waits_for_calls: bool,
}

impl Rounds {
    /// Drives `connection`, which spawns into this and writes to `io`, to its end. Calls that are not done by then are
    /// dropped: nobody is left to answer. An error is one of writing, and `connection` has not ended then.
    ///
    /// # Cancellation
    /// Dropping the future drops the connection and the calls.
    pub fn drive<T, C: Future>(self, io: Corked<T>, connection: C) -> Driving<T, C> {
        let (connection, calls) = (Box::pin(connection), FuturesUnordered::new());
        Driving { rounds: self, io, connection, calls, end: None, waits_for_calls: false }
    }
}

impl<T, C: Future> Driving<T, C> {
    /// Goes on until the calls have ended as well: a client that asks for nothing more still wants what it asked for.
    pub fn until_calls_end(self) -> Self {
        Self { waits_for_calls: true, ..self }
    }
}

impl<T, C: Future> Unpin for Driving<T, C> {}

impl<T: AsyncWrite + Unpin, C: Future> Future for Driving<T, C> {
    type Output = io::Result<C::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        poll_all(&mut this.calls, cx);
        if this.end.is_none()
            && let Poll::Ready(end) = this.connection.as_mut().poll(cx)
        {
            this.end = Some(end);
        }
        let new = mem::take(&mut *this.rounds.0.lock());
        if !new.is_empty() {
            this.calls.extend(new);
            // A call that is answered at once wakes this future for the next round.
            poll_all(&mut this.calls, cx);
        }
        let written = this.io.poll_uncork(cx);
        if (!this.waits_for_calls || this.calls.is_empty())
            && let Some(end) = this.end.take()
        {
            return Poll::Ready(Ok(end));
        }
        match written {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
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
