use std::time::Duration;

use async_trait::async_trait;
use k8s_store::{Error, Lease, LeaseId, LeaseStatus, Leases, Revision};

use super::{Broken, Defect};

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Leases> Leases for Broken<S> {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        self.store.grant(ttl, id).await
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        if self.defect == Defect::EndsKeptLeases {
            let LeaseStatus { id, ttl, .. } = self.store.time_to_live(id).await?;
            return Ok(Lease { id, ttl });
        }
        self.store.keep_alive(id).await
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        self.store.revoke(id).await
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.store.time_to_live(id).await
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        self.store.leases().await
    }
}
