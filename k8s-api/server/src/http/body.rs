use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use k8s_api_client::{ByteStream, RawBody};

/// The body of an answer: all at once, or as it comes.
#[derive(Debug)]
pub struct ResponseBody(Inner);

enum Inner {
    Full(Option<Bytes>),
    Stream(ByteStream),
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.as_ref().map_or(0, Bytes::len)),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl ResponseBody {
    pub(super) fn empty() -> Self {
        Self(Inner::Full(None))
    }

    pub(super) fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Full(Some(bytes.into())))
    }

    pub(super) fn stream(stream: ByteStream) -> Self {
        Self(Inner::Stream(stream))
    }
}

impl From<RawBody> for ResponseBody {
    fn from(body: RawBody) -> Self {
        match body {
            RawBody::Full(bytes) => Self::full(bytes),
            RawBody::Stream(stream) => Self::stream(stream),
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Inner::Full(bytes) => Poll::Ready(bytes.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b)))),
            Inner::Stream(stream) => stream.as_mut().poll_next(cx).map(|next| {
                next.map(|chunk| chunk.map(Frame::data).map_err(|status| std::io::Error::other(status.to_string())))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Full(None))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match &self.0 {
            Inner::Full(bytes) => http_body::SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Inner::Stream(_) => http_body::SizeHint::default(),
        }
    }
}
