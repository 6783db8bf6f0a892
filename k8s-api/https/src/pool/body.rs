use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;

use super::{Pool, RequestBody};

/// The body of a response. It keeps its connection open until it is read or dropped.
pub struct ResponseBody {
    body: Incoming,
    lease: Lease,
}

/// What a response holds of its connection.
pub(super) enum Lease {
    /// All of it; it can be used again when the body is at its end, and is closed if dropped before.
    Connection(http1::SendRequest<RequestBody>, Arc<Pool>),
    /// A stream of it, and the pool that keeps it running.
    #[expect(dead_code, reason = "held, not read")]
    Stream(Stream, Arc<Pool>),
    /// Nothing any more.
    Over,
}

/// One of the requests on a connection, counted.
pub(super) struct Stream(Arc<AtomicUsize>);

impl Stream {
    pub(super) fn new(streams: &Arc<AtomicUsize>) -> Self {
        streams.fetch_add(1, Ordering::Relaxed);
        Self(streams.clone())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ResponseBody {
    pub(super) fn new(body: Incoming, lease: Lease) -> Self {
        Self { body, lease }
    }

    fn end(&mut self) {
        if let Lease::Connection(sender, pool) = std::mem::replace(&mut self.lease, Lease::Over) {
            pool.give_back(sender);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) {
            self.end();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.end();
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody")
    }
}
