use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::request::Parts;
use http::{Response, Version};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use k8s_api::Status;
use tokio::sync::watch;
use tokio::time::timeout;

use super::BoxError;
use super::body::ResponseBody;

/// The longest request body that is read: 3 MiB, as upstream.
const LONGEST: usize = 3 * 1024 * 1024;
/// So much of a body that nobody wants is read to keep a connection of HTTP/1.1, as Go's server does it.
const UNWANTED: usize = 256 * 1024;
/// How long to wait for a body that nobody wants.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a body that has begun to come may take when the listener stops.
const LAST_CALL: Duration = Duration::from_millis(100);

/// Tells a request that the listener it came by stops: true, or the sender is gone.
///
/// A listener puts it into the request's extensions. A request whose body has not arrived a moment later is refused with
/// 503, so that nobody who sends half a request holds up the end.
#[derive(Clone, Debug)]
pub struct Stopping(pub watch::Receiver<bool>);

/// The body of a request, which is read, or else got out of the way of the next one.
pub(super) struct Upload {
    /// Erased, so that everything behind is compiled once.
    body: UnsyncBoxBody<Bytes, BoxError>,
    stopping: Option<Stopping>,
    /// The client sends it only when told to, which reading does.
    held_back: bool,
}

impl Upload {
    pub(super) fn new<B>(body: B, parts: &Parts) -> Self
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        let body = body.map_frame(move |frame| frame.map_data(bytes)).map_err(Into::into).boxed_unsync();
        let held_back = parts.headers.get(EXPECT).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        Self { body, stopping: parts.extensions.get().cloned(), held_back }
    }

    /// All of it.
    ///
    /// # Errors
    /// 413 when it is too long, 400 when it breaks off, 503 when it is not there although the listener stops.
    pub(super) async fn read(&mut self) -> Result<Bytes, Status> {
        self.held_back = false;
        let stopping = self.stopping.clone();
        tokio::select! {
            biased;
            read = take(&mut self.body, LONGEST) => match read {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(Status::too_large(format!("Request entity too large: limit is {LONGEST}"))),
                Err(error) => Err(Status::bad_request(format!("reading the request: {error}"))),
            },
            () = last_call(stopping) => Err(Status::unavailable("the server is stopping")),
        }
    }

    /// Reads what is left of it, or tells the client of HTTP/1.1 that no other request can follow.
    ///
    /// A client that still sends when the connection closes may lose the answer, and finds no connection for what it asks
    /// next.
    pub(super) async fn leave(mut self, parts: &Parts, response: &mut Response<ResponseBody>) {
        let one_by_one = parts.version <= Version::HTTP_11;
        // A stream of HTTP/2 is reset after its answer, which some clients take for a failure as long as they send.
        let most = if one_by_one { UNWANTED } else { LONGEST };
        let over = self.body.is_end_stream() || (!self.held_back && self.drained(most).await);
        if !over && one_by_one {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    async fn drained(&mut self, most: usize) -> bool {
        let stopping = self.stopping.clone();
        tokio::select! {
            biased;
            read = timeout(PATIENCE, skip(&mut self.body, most)) => read.unwrap_or_default(),
            () = last_call(stopping) => false,
        }
    }
}

/// All of a body; `None` as soon as there is more than `most`.
async fn take(body: &mut UnsyncBoxBody<Bytes, BoxError>, most: usize) -> Result<Option<Bytes>, BoxError> {
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len() + all.len() + data.len() > most {
            return Ok(None);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(Some(if all.is_empty() { first } else { all.freeze() }))
}

/// Whether a body has no more than `most` bytes; reads as many.
async fn skip(body: &mut UnsyncBoxBody<Bytes, BoxError>, most: usize) -> bool {
    let mut left = most;
    while let Some(frame) = body.frame().await {
        // Whatever broke it off, there is no more to come.
        let Ok(frame) = frame else { return true };
        let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return false };
        left = rest;
    }
    true
}

/// Ends a moment after the listener began to stop.
async fn last_call(stopping: Option<Stopping>) {
    let Some(Stopping(mut stopping)) = stopping else { return std::future::pending().await };
    let _ = stopping.wait_for(|stopping| *stopping).await;
    tokio::time::sleep(LAST_CALL).await;
}
