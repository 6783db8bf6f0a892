use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, TakeUntil};
use k8s_store::{Error, LeaseId};
use k8s_store_etcd_proto::etcdserverpb::lease_server::Lease;
use k8s_store_etcd_proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseLeasesRequest,
    LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse, LeaseStatus, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
};
use tonic::{Request, Response, Status, Streaming};

use crate::node::Node;
use crate::status::{self, status};

/// Less is made this much: one and a half times etcd's election timeout, in whole seconds.
const MIN_TTL: i64 = 2;
/// More is refused.
const MAX_TTL: i64 = 9_000_000_000;

/// Leases.
#[derive(Debug)]
pub(crate) struct LeaseService(pub(crate) Arc<Node>);

type KeepAlives = BoxStream<'static, Result<LeaseKeepAliveResponse, Status>>;

#[tonic::async_trait]
impl Lease for LeaseService {
    type LeaseKeepAliveStream = TakeUntil<KeepAlives, std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>;

    async fn lease_grant(&self, request: Request<LeaseGrantRequest>) -> Result<Response<LeaseGrantResponse>, Status> {
        let LeaseGrantRequest { ttl, id } = request.into_inner();
        if ttl > MAX_TTL {
            return Err(status::lease_ttl_too_large());
        }
        let ttl = Duration::from_secs(ttl.max(MIN_TTL) as u64);
        let lease = self.0.store.grant(ttl, LeaseId::new(id)).await.map_err(status)?;
        let header = Some(self.0.header_now().await?);
        let (id, ttl) = (lease.id.get(), lease.ttl.as_secs() as i64);
        Ok(Response::new(LeaseGrantResponse { header, id, ttl, error: String::new() }))
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        let id = LeaseId::new(request.into_inner().id).ok_or_else(status::lease_not_found)?;
        let revision = self.0.store.revoke(id).await.map_err(status)?;
        Ok(Response::new(LeaseRevokeResponse { header: Some(self.0.header(revision)) }))
    }

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        let node = Arc::clone(&self.0);
        let answers = request.into_inner().then(move |request| {
            let node = Arc::clone(&node);
            async move { node.keep_alive(request?.id).await }
        });
        Ok(Response::new(answers.boxed().take_until(Box::pin(self.0.stopped()))))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let LeaseTimeToLiveRequest { id, keys } = request.into_inner();
        let found = match LeaseId::new(id) {
            Some(id) => found(self.0.store.time_to_live(id).await)?,
            None => None,
        };
        let header = Some(self.0.header_now().await?);
        Ok(Response::new(match found {
            Some(lease) => LeaseTimeToLiveResponse {
                header,
                id,
                ttl: lease.remaining.as_secs() as i64,
                granted_ttl: lease.ttl.as_secs() as i64,
                keys: if keys { lease.keys } else { Vec::new() },
            },
            None => LeaseTimeToLiveResponse { header, id, ttl: -1, ..LeaseTimeToLiveResponse::default() },
        }))
    }

    async fn lease_leases(&self, _: Request<LeaseLeasesRequest>) -> Result<Response<LeaseLeasesResponse>, Status> {
        let leases = self.0.store.leases().await.map_err(status)?;
        let header = Some(self.0.header_now().await?);
        let leases = leases.into_iter().map(|id| LeaseStatus { id: id.get() }).collect();
        Ok(Response::new(LeaseLeasesResponse { header, leases }))
    }
}

impl Node {
    /// A lease that is gone has no time left, which is not an error.
    async fn keep_alive(&self, id: i64) -> Result<LeaseKeepAliveResponse, Status> {
        let kept = match LeaseId::new(id) {
            Some(id) => found(self.store.keep_alive(id).await)?,
            None => None,
        };
        let ttl = kept.map_or(0, |lease| lease.ttl.as_secs() as i64);
        Ok(LeaseKeepAliveResponse { header: Some(self.header_now().await?), id, ttl })
    }
}

/// Nothing for a lease that is gone.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Status> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::LeaseNotFound { .. }) => Ok(None),
        Err(error) => Err(status(error)),
    }
}
