use std::sync::Arc;
use std::time::Duration;

use k8s_store::{Leases, Maintenance, Revision, Store};
use k8s_store_etcd_proto::etcdserverpb::ResponseHeader;
use tokio::sync::watch;
use tonic::Status;

use crate::status::status;

/// What can be served as etcd: a store with leases and maintenance. Implemented for all that are these.
pub trait Backend: Store + Leases + Maintenance {}

impl<S: Store + Leases + Maintenance + ?Sized> Backend for S {}

/// What all services of one server share: the store, and who the server says it is.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) store: Arc<dyn Backend>,
    pub(crate) name: String,
    pub(crate) client_urls: Vec<String>,
    pub(crate) progress_interval: Duration,
    pub(crate) max_request_bytes: usize,
    /// True when streams have to end.
    pub(crate) stop: watch::Receiver<bool>,
}

/// The term of a cluster of one member whose first election it won.
const TERM: u64 = 2;

impl Node {
    pub(crate) fn header(&self, revision: Revision) -> ResponseHeader {
        ResponseHeader {
            cluster_id: self.cluster_id(),
            member_id: self.member_id(),
            revision: revision.0 as i64,
            raft_term: TERM,
        }
    }

    /// A header with the revision of now, for answers that have none of their own.
    pub(crate) async fn header_now(&self) -> Result<ResponseHeader, Status> {
        let now = self.store.status().await.map_err(status)?;
        Ok(self.header(now.revision))
    }

    pub(crate) fn cluster_id(&self) -> u64 {
        self.number("cluster")
    }

    pub(crate) fn member_id(&self) -> u64 {
        self.number("member")
    }

    /// A number that stays the same for the same name (FNV-1a), never zero, which means "none".
    fn number(&self, what: &str) -> u64 {
        let text = self.name.bytes().chain(what.bytes());
        let hash =
            text.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        hash | 1
    }

    /// Ends when streams have to.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.clone();
        async move {
            // An error means that nobody is left to stop anything.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
