use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

use super::service::{BoxBody, BoxError};

/// A response body that ends when the server stops while it has nothing to say: an open watch ends as if its time were
/// up, and what is still being written is written.
pub(super) struct UntilStop {
    body: BoxBody,
    stop: Stop,
}

enum Stop {
    /// It never waited, so nobody needs to wake it.
    Unwatched(watch::Receiver<bool>),
    Watched(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// It ended.
    Over,
}

impl UntilStop {
    pub(super) fn new(body: BoxBody, stop: watch::Receiver<bool>) -> Self {
        Self { body, stop: Stop::Unwatched(stop) }
    }
}

impl Body for UntilStop {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if matches!(this.stop, Stop::Over) {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if let Stop::Unwatched(stop) = &this.stop {
            let mut stop = stop.clone();
            this.stop = Stop::Watched(Box::pin(async move { super::stopped(&mut stop).await }));
        }
        if let Stop::Watched(stop) = &mut this.stop {
            ready!(stop.as_mut().poll(cx));
        }
        this.stop = Stop::Over;
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stop, Stop::Over) || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
