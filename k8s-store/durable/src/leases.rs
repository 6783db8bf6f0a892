use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use k8s_store::engine::{Next, expire};
use k8s_store::{Error, Lease, LeaseId, LeaseStatus, Leases, Revision};
use tokio::time::Instant;

use crate::Durable;
use crate::format::Record;
use crate::store::Shared;

/// How long to wait before a lease is ended again whose end could not be written.
const PATIENCE: Duration = Duration::from_secs(1);

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Leases for Durable {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        let (lease, wait) = self
            .change(|stage, group| {
                let lease = stage.grant(ttl, id)?;
                group.add(&Record::Grant(lease.id, ttl));
                Ok(lease)
            })
            .await?;
        self.end_leases_when_due();
        wait.done().await?;
        Ok(lease)
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        let lease = self.shared.engine.stage()?.keep_alive(id)?;
        self.shared.settle().await?;
        Ok(lease)
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        let (revision, wait) = self
            .change(|stage, group| {
                stage.end_lease(id)?;
                group.add(&Record::EndLease(id));
                Ok(stage.mark().revision)
            })
            .await?;
        wait.done().await?;
        Ok(revision)
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        let status = self.shared.engine.lease(id)?;
        self.shared.settle().await?;
        Ok(status)
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        let (leases, _) = self.shared.engine.leases()?;
        self.shared.settle().await?;
        Ok(leases.into_iter().map(|lease| lease.id).collect())
    }
}

impl Durable {
    /// Starts the task that ends the leases, unless it runs already.
    pub(crate) fn end_leases_when_due(&self) {
        if !self.has_lease_task.swap(true, Ordering::AcqRel) {
            let shared = Arc::downgrade(&self.shared);
            self.tasks.spawn(expire(self.shared.engine.lease_due_earlier(), move || end_next_due(&shared)));
        }
    }
}

/// Ends one lease whose time is over, or tells when the next will be. Nobody waits for the disk here: the lease is as
/// good as ended, and if that cannot be written it is back.
fn end_next_due(shared: &Weak<Shared>) -> Next {
    let Some(shared) = shared.upgrade() else { return Next::Gone };
    let id = match shared.engine.next_due() {
        Next::End(id) => id,
        next => return next,
    };
    let end = shared.stage(|stage, group| {
        // A keep-alive may have come between the two locks.
        if stage.is_due(id) {
            stage.end_lease(id)?;
            group.add(&Record::EndLease(id));
        }
        Ok(())
    });
    match end {
        Ok(_) => Next::Again,
        Err(Error::Closed) => Next::Gone,
        Err(_) => Next::At(Instant::now() + PATIENCE),
    }
}
