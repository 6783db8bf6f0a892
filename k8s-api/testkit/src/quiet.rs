use std::time::Duration;

use k8s_store::Store;

use crate::Fault;

/// Waits until neither requests nor writes happen for `horizon`.
pub(crate) async fn wait(store: &dyn Store, fault: &Fault, horizon: Duration) {
    let mut before = activity(store, fault).await;
    loop {
        tokio::time::sleep(horizon).await;
        let now = activity(store, fault).await;
        if now == before {
            return;
        }
        before = now;
    }
}

/// Requests that were sent, and the store's revision; a store that fails stands still.
async fn activity(store: &dyn Store, fault: &Fault) -> (u64, u64) {
    let revision = store.status().await.map_or(0, |status| status.revision.0);
    (fault.requests(), revision)
}
