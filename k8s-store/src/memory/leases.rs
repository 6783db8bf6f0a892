use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Memory, change};
use crate::engine::{Engine, Next, expire};
use crate::{Error, Lease, LeaseId, LeaseStatus, Leases, Revision};

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Leases for Memory {
    async fn grant(&self, ttl: Duration, id: Option<LeaseId>) -> Result<Lease, Error> {
        let lease = self.change(|stage| stage.grant(ttl, id))?;
        if !self.has_lease_task.swap(true, Ordering::AcqRel) {
            let engine = Arc::downgrade(&self.engine);
            self.tasks.spawn(expire(self.engine.lease_due_earlier(), move || end_next_due(&engine)));
        }
        Ok(lease)
    }

    async fn keep_alive(&self, id: LeaseId) -> Result<Lease, Error> {
        self.engine.stage()?.keep_alive(id)
    }

    async fn revoke(&self, id: LeaseId) -> Result<Revision, Error> {
        self.change(|stage| {
            stage.end_lease(id)?;
            Ok(stage.mark().revision)
        })
    }

    async fn time_to_live(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        self.engine.lease(id)
    }

    async fn leases(&self) -> Result<Vec<LeaseId>, Error> {
        Ok(self.engine.leases()?.0.into_iter().map(|lease| lease.id).collect())
    }
}

/// Ends one lease whose time is over, or tells when the next will be.
fn end_next_due(engine: &Weak<Engine>) -> Next {
    let Some(engine) = engine.upgrade() else { return Next::Gone };
    match engine.next_due() {
        Next::End(id) => {
            // A keep-alive may have come between the two locks.
            let end = change(&engine, |stage| if stage.is_due(id) { stage.end_lease(id) } else { Ok(()) });
            end.map_or(Next::Gone, |()| Next::Again)
        }
        next => next,
    }
}
