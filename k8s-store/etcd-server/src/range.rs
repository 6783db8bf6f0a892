use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use k8s_store_etcd_proto::ExactDecoder;
use k8s_store_etcd_proto::etcdserverpb::{RangeRequest, RangeResponse};
use k8s_store_etcd_proto::mvccpb::KeyValue;
use prost::Message;
use tonic::body::Body;
use tonic::{Status, Streaming};

use crate::node::Node;

/// How much of an answer is made at once.
const PIECE: usize = 64 << 10;
/// Of a message: whether it is compressed, and its length.
const PREFIX: usize = 1 + size_of::<u32>();
/// Stands before each item: the field's number and that its length follows.
const ITEM: u8 = (2 << 3) | 2;

/// Answers a call of Range, as tonic's stub does it but for the way the answer is made.
pub(crate) async fn call<B>(node: Arc<Node>, max_message: usize, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    let answer = async {
        let request = only_message(request.into_body(), max_message).await?;
        Pieces::new(node.range(request).await?)
    };
    match answer.await {
        Ok(pieces) => {
            let mut response = Response::new(Body::new(pieces));
            response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            response
        }
        Err(status) => status.into_http(),
    }
}

async fn only_message<B>(body: B, max_message: usize) -> Result<RangeRequest, Status>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    let mut messages = Streaming::new_request(ExactDecoder::default(), body, None, Some(max_message));
    let message = messages.message().await?.ok_or_else(|| Status::internal("Missing request message."))?;
    messages.trailers().await?;
    Ok(message)
}

/// The answer to a range as the body of a response: one message, made piece by piece as the client takes it in.
///
/// Its bytes are those of the whole message, but at no time is all of it there: values are shared with the store until
/// their piece is made.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The message without its items; what comes before them is taken out when it is written.
    frame: RangeResponse,
    items: IntoIter<KeyValue>,
    /// How many bytes of the message, prefix included, are not written yet.
    left: usize,
    ended: bool,
}

impl Pieces {
    /// # Errors
    /// When a message cannot be so long.
    fn new(mut whole: RangeResponse) -> Result<Self, Status> {
        let length = whole.encoded_len();
        if u32::try_from(length).is_err() {
            return Err(Status::resource_exhausted(format!("an answer of {length} bytes is more than 4 GiB")));
        }
        let items = std::mem::take(&mut whole.kvs).into_iter();
        Ok(Self { frame: whole, items, left: PREFIX + length, ended: false })
    }

    fn next_piece(&mut self) -> Bytes {
        let mut piece = BytesMut::with_capacity(self.left.min(PIECE));
        if let Some(header) = self.frame.header.take() {
            piece.put_u8(0);
            piece.put_u32((self.left - PREFIX) as u32);
            RangeResponse { header: Some(header), ..RangeResponse::default() }.encode_raw(&mut piece);
        }
        while let Some(item) = self.items.as_slice().first() {
            let length = item.encoded_len();
            let size = 1 + prost::length_delimiter_len(length) + length;
            if !piece.is_empty() && piece.len() + size > PIECE {
                break;
            }
            piece.reserve(size);
            piece.put_u8(ITEM);
            // There is room.
            let _ = item.encode_length_delimited(&mut piece);
            self.items.next();
        }
        if self.items.as_slice().is_empty() {
            self.frame.encode_raw(&mut piece);
        }
        self.left = self.left.saturating_sub(piece.len());
        piece.freeze()
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left > 0 {
            return Poll::Ready(Some(Ok(Frame::data(self.next_piece()))));
        }
        if std::mem::replace(&mut self.ended, true) {
            return Poll::Ready(None);
        }
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}
