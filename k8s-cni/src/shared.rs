//! What is shared behind an `Arc` is as good as what it points to, so that layers can be built over either.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Attached, Attachment, AttachmentKey, NetworkPolicy, NodeAddresses, NodeNetwork, PodNetwork, PolicyDelta,
    PolicySnapshot, Readiness, Result, Service, ServiceDelta, ServiceProxy,
};

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: PodNetwork + ?Sized> PodNetwork for Arc<T> {
    async fn configure(&self, node: NodeNetwork) -> Result<()> {
        (**self).configure(node).await
    }

    async fn status(&self) -> Readiness {
        (**self).status().await
    }

    async fn setup(&self, attachment: &Attachment) -> Result<Attached> {
        (**self).setup(attachment).await
    }

    async fn teardown(&self, attachment: &Attachment) -> Result<()> {
        (**self).teardown(attachment).await
    }

    async fn check(&self, attachment: &Attachment, attached: &Attached) -> Result<()> {
        (**self).check(attachment, attached).await
    }

    async fn collect(&self, valid: &[AttachmentKey]) -> Result<()> {
        (**self).collect(valid).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: ServiceProxy + ?Sized> ServiceProxy for Arc<T> {
    async fn replace(&self, services: Vec<Arc<Service>>) -> Result<()> {
        (**self).replace(services).await
    }

    async fn apply(&self, delta: ServiceDelta) -> Result<()> {
        (**self).apply(delta).await
    }

    async fn set_node_addresses(&self, addresses: NodeAddresses) -> Result<()> {
        (**self).set_node_addresses(addresses).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: NetworkPolicy + ?Sized> NetworkPolicy for Arc<T> {
    async fn replace_policies(&self, snapshot: PolicySnapshot) -> Result<()> {
        (**self).replace_policies(snapshot).await
    }

    async fn apply_policies(&self, delta: PolicyDelta) -> Result<()> {
        (**self).apply_policies(delta).await
    }
}
