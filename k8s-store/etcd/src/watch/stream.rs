use std::future::Future;
use std::time::Duration;

use futures_util::stream;
use k8s_store::{EventFilter, KeyRange, Revision, WatchOptions};
use k8s_store_etcd_proto::etcdserverpb::watch_client::WatchClient;
use k8s_store_etcd_proto::etcdserverpb::watch_create_request::FilterType;
use k8s_store_etcd_proto::etcdserverpb::watch_request::RequestUnion;
use k8s_store_etcd_proto::etcdserverpb::{WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Status, Streaming};

use crate::call::Calls;
use crate::net::Line;
use crate::wire;

/// How long a member may take to make a watch.
const CREATION: Duration = Duration::from_secs(4);

/// A watch at one member. Dropping it ends the watch there.
pub(super) struct MemberWatch {
    pub(super) line: Line,
    token: Option<MetadataValue<Ascii>>,
    requests: mpsc::UnboundedSender<WatchRequest>,
    responses: Streaming<WatchResponse>,
}

/// Why a watch was not made.
pub(super) enum NotMade {
    /// The member, or the way to it, does not work.
    Broken(Line, Status),
    /// etcd says why.
    Cancelled(WatchResponse),
}

impl MemberWatch {
    /// Makes a watch of what comes after `received`.
    pub(super) async fn create(
        calls: &Calls,
        line: Line,
        range: &KeyRange,
        options: &WatchOptions,
        received: Revision,
    ) -> Result<Self, NotMade> {
        let broken = |status| NotMade::Broken(line.clone(), status);
        let (requests, mut queue) = mpsc::unbounded_channel();
        let outgoing = stream::poll_fn(move |cx| queue.poll_recv(cx));
        let (request, token) = calls.request(&line, outgoing).await.map_err(broken)?;
        // The receiver is in the request, so it is there.
        let _ = requests.send(union(RequestUnion::CreateRequest(creation(range, options, received))));
        let mut client = WatchClient::new(line.clone()).max_decoding_message_size(usize::MAX);
        let made = within(async { Ok(client.watch(request).await?.into_inner()) });
        let mut responses = made.await.map_err(broken)?;
        let first = within(responses.message()).await.map_err(broken)?;
        let first = first.ok_or_else(|| broken(Status::unavailable("a watch ended before it began")))?;
        let made = Self { line, token, requests, responses };
        if first.canceled {
            made.refresh(calls, &first);
            return Err(NotMade::Cancelled(first));
        }
        Ok(made)
    }

    /// The next message; none when the member ended the stream. Dropping the future loses nothing.
    pub(super) async fn message(&mut self) -> Result<Option<WatchResponse>, Status> {
        self.responses.message().await
    }

    pub(super) fn request_progress(&self) {
        // If the stream is gone, so that nobody receives this, that shows in its messages.
        let _ = self.requests.send(union(RequestUnion::ProgressRequest(WatchProgressRequest {})));
    }

    /// Forgets the token when that is why the watch was cancelled.
    pub(super) fn refresh(&self, calls: &Calls, cancelled: &WatchResponse) {
        if is_about_token(cancelled) {
            calls.forget(self.token.as_ref());
        }
    }
}

/// Whether a watch was cancelled because of who asked: with a fresh token it may be made.
pub(super) fn is_about_token(cancelled: &WatchResponse) -> bool {
    let reason = &cancelled.cancel_reason;
    reason.contains("invalid auth token") || reason.contains("revision of auth store is old")
}

async fn within<T>(answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    timeout(CREATION, answer).await.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")))
}

fn creation(range: &KeyRange, options: &WatchOptions, received: Revision) -> WatchCreateRequest {
    let nothing = range.is_empty() || range.as_one().is_some_and(bytes::Bytes::is_empty);
    // etcd watches no empty range, so some key is watched without any of its events.
    let (key, range_end) = if nothing { ("\0".into(), bytes::Bytes::new()) } else { wire::ends(range) };
    let filters: &[FilterType] = match options.filter {
        _ if nothing => &[FilterType::Noput, FilterType::Nodelete],
        EventFilter::All => &[],
        EventFilter::Puts => &[FilterType::Nodelete],
        EventFilter::Deletes => &[FilterType::Noput],
    };
    WatchCreateRequest {
        key,
        range_end,
        start_revision: received.next().0 as i64,
        progress_notify: false,
        filters: filters.iter().map(|filter| (*filter).into()).collect(),
        prev_kv: options.prev,
        watch_id: 0,
        fragment: true,
    }
}

fn union(request: RequestUnion) -> WatchRequest {
    WatchRequest { request_union: Some(request) }
}
