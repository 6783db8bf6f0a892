use std::time::Duration;

use futures_util::stream;
use k8s_store::{Error, Lease, LeaseId, LeaseStatus, Leases, Revision};
use k8s_store_etcd_proto::etcdserverpb::lease_client::LeaseClient;
use k8s_store_etcd_proto::etcdserverpb::{
    LeaseGrantRequest, LeaseKeepAliveRequest, LeaseLeasesRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest,
};
use tonic::Status;

use crate::call::{Attempt, Kind};
use crate::failure::{Failure, Refusal};
use crate::net::Line;
use crate::{Etcd, wire};

fn client(line: Line) -> LeaseClient<Line> {
    LeaseClient::new(line).max_decoding_message_size(usize::MAX)
}

/// etcd counts whole seconds: a time to live is rounded up, and what is left of it down. It lets no lease live for
/// less than two seconds.
#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Leases for Etcd {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        if ttl.is_zero() {
            return Err(Error::invalid("a lease has no time to live"));
        }
        let seconds = ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0));
        let request =
            LeaseGrantRequest { ttl: i64::try_from(seconds).unwrap_or(i64::MAX), id: id.map_or(0, LeaseId::get) };
        let attempt: Attempt<_, _> = |line, request| Box::pin(async move { client(line).lease_grant(request).await });
        match (self.calls.call(Kind::Write, request, attempt).await, id) {
            (Ok(answer), _) => lease(answer.id, answer.ttl),
            (Err(Failure::Refused(Refusal::LeaseExists)), Some(id)) => Err(Error::LeaseExists { id }),
            (Err(failure), _) => Err(failure.into()),
        }
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        let attempt: Attempt<LeaseKeepAliveRequest, _> = |line, request| {
            Box::pin(async move {
                let request = request.map(|request| stream::iter([request]));
                let answer = client(line).lease_keep_alive(request).await?;
                let (metadata, mut answers, extensions) = answer.into_parts();
                let first = answers.message().await?;
                let first = first.ok_or_else(|| Status::unavailable("keep-alives ended without an answer"))?;
                Ok(tonic::Response::from_parts(metadata, first, extensions))
            })
        };
        // Keeping a lease alive twice is the same as once.
        match self.calls.call(Kind::Read, LeaseKeepAliveRequest { id: id.get() }, attempt).await {
            Ok(answer) if answer.ttl > 0 => lease(answer.id, answer.ttl),
            Ok(_) => Err(Error::LeaseNotFound { id }),
            Err(failure) => Err(about(failure, id)),
        }
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        let attempt: Attempt<_, _> = |line, request| Box::pin(async move { client(line).lease_revoke(request).await });
        match self.calls.call(Kind::Write, LeaseRevokeRequest { id: id.get() }, attempt).await {
            Ok(answer) => Ok(wire::revision(answer.header)),
            Err(failure) => Err(about(failure, id)),
        }
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        let attempt: Attempt<_, _> =
            |line, request| Box::pin(async move { client(line).lease_time_to_live(request).await });
        let request = LeaseTimeToLiveRequest { id: id.get(), keys: true };
        let answer = self.calls.call(Kind::Read, request, attempt).await.map_err(|failure| about(failure, id))?;
        if answer.ttl < 0 {
            return Err(Error::LeaseNotFound { id });
        }
        let mut keys = answer.keys;
        keys.sort_unstable();
        Ok(LeaseStatus { id, ttl: seconds(answer.granted_ttl), remaining: seconds(answer.ttl), keys })
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        let attempt: Attempt<_, _> = |line, request| Box::pin(async move { client(line).lease_leases(request).await });
        let answer = self.calls.call(Kind::Read, LeaseLeasesRequest {}, attempt).await?;
        let mut leases: Vec<_> = answer.leases.into_iter().filter_map(|lease| LeaseId::new(lease.id)).collect();
        leases.sort_unstable();
        Ok(leases)
    }
}

fn lease(id: i64, ttl: i64) -> Result<Lease, Error> {
    let id = LeaseId::new(id).ok_or_else(|| Error::invalid("etcd named a lease zero"))?;
    Ok(Lease { id, ttl: seconds(ttl) })
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn about(failure: Failure, id: LeaseId) -> Error {
    match failure {
        Failure::Refused(Refusal::LeaseNotFound) => Error::LeaseNotFound { id },
        failure => failure.into(),
    }
}
