//! Clusters that do not answer as they should.

use async_trait::async_trait;
use k8s_api::{GroupVersionResource, Object, Status};
use k8s_api_server::admission::Lookup;

/// Nothing can be read.
pub(crate) struct Failing;

/// What every read of a [`Failing`] cluster says.
fn failure() -> Status {
    Status::unavailable("the store does not answer")
}

#[async_trait]
impl Lookup for Failing {
    async fn get(&self, _: &GroupVersionResource, _: &str, _: &str) -> Result<Option<Object>, Status> {
        Err(failure())
    }

    async fn list(&self, _: &GroupVersionResource, _: &str) -> Result<Vec<Object>, Status> {
        Err(failure())
    }

    async fn changed(&self, _: &GroupVersionResource) -> Result<u64, Status> {
        Err(failure())
    }
}

/// Nothing is ever answered.
pub(crate) struct Silent;

#[async_trait]
impl Lookup for Silent {
    async fn get(&self, _: &GroupVersionResource, _: &str, _: &str) -> Result<Option<Object>, Status> {
        std::future::pending().await
    }

    async fn list(&self, _: &GroupVersionResource, _: &str) -> Result<Vec<Object>, Status> {
        std::future::pending().await
    }

    async fn changed(&self, _: &GroupVersionResource) -> Result<u64, Status> {
        std::future::pending().await
    }
}
