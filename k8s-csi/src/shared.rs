//! What is shared behind an `Arc` is as good as what it points to, so that layers can be built over either.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Capacity, ControllerAbility, CreateSnapshot, CreateVolume, DriverIdentity, DriverInfo, Expanded, ListedVolume,
    MountSource, NodeAbility, NodeInfo, NodePublish, NodeStage, NodeStats, PodVolume, PodVolumes, PublishVolume,
    Result, Secrets, Snapshot, Snapshots, Topology, Volume, VolumeController, VolumeKey, VolumeNode,
};

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: PodVolumes + ?Sized> PodVolumes for Arc<T> {
    async fn publish(&self, volume: PodVolume) -> Result<MountSource> {
        (**self).publish(volume).await
    }

    async fn sub_path(&self, key: &VolumeKey, path: &Path) -> Result<MountSource> {
        (**self).sub_path(key, path).await
    }

    async fn unpublish(&self, key: &VolumeKey) -> Result<()> {
        (**self).unpublish(key).await
    }

    async fn list(&self) -> Result<Vec<VolumeKey>> {
        (**self).list().await
    }

    async fn stats(&self, key: &VolumeKey) -> Result<NodeStats> {
        (**self).stats(key).await
    }

    async fn expand(&self, key: &VolumeKey, capacity: u64) -> Result<u64> {
        (**self).expand(key, capacity).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: VolumeController + ?Sized> VolumeController for Arc<T> {
    async fn abilities(&self) -> Result<Vec<ControllerAbility>> {
        (**self).abilities().await
    }

    async fn create(&self, request: CreateVolume) -> Result<Volume> {
        (**self).create(request).await
    }

    async fn delete(&self, volume_id: &str, secrets: &Secrets) -> Result<()> {
        (**self).delete(volume_id, secrets).await
    }

    async fn publish(&self, request: PublishVolume) -> Result<BTreeMap<String, String>> {
        (**self).publish(request).await
    }

    async fn unpublish(&self, volume_id: &str, node_id: &str, secrets: &Secrets) -> Result<()> {
        (**self).unpublish(volume_id, node_id, secrets).await
    }

    async fn expand(&self, volume_id: &str, capacity: Capacity, secrets: &Secrets) -> Result<Expanded> {
        (**self).expand(volume_id, capacity, secrets).await
    }

    async fn list(&self) -> Result<Vec<ListedVolume>> {
        (**self).list().await
    }

    async fn capacity(&self, parameters: &BTreeMap<String, String>, topology: &Topology) -> Result<u64> {
        (**self).capacity(parameters, topology).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: VolumeNode + ?Sized> VolumeNode for Arc<T> {
    async fn abilities(&self) -> Result<Vec<NodeAbility>> {
        (**self).abilities().await
    }

    async fn info(&self) -> Result<NodeInfo> {
        (**self).info().await
    }

    async fn stage(&self, request: NodeStage) -> Result<()> {
        (**self).stage(request).await
    }

    async fn unstage(&self, volume_id: &str, staging_path: &Path) -> Result<()> {
        (**self).unstage(volume_id, staging_path).await
    }

    async fn publish(&self, request: NodePublish) -> Result<()> {
        (**self).publish(request).await
    }

    async fn unpublish(&self, volume_id: &str, target_path: &Path) -> Result<()> {
        (**self).unpublish(volume_id, target_path).await
    }

    async fn expand(&self, volume_id: &str, path: &Path, capacity: Capacity) -> Result<u64> {
        (**self).expand(volume_id, path, capacity).await
    }

    async fn stats(&self, volume_id: &str, path: &Path) -> Result<NodeStats> {
        (**self).stats(volume_id, path).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Snapshots + ?Sized> Snapshots for Arc<T> {
    async fn create_snapshot(&self, request: CreateSnapshot) -> Result<Snapshot> {
        (**self).create_snapshot(request).await
    }

    async fn delete_snapshot(&self, snapshot_id: &str, secrets: &Secrets) -> Result<()> {
        (**self).delete_snapshot(snapshot_id, secrets).await
    }

    async fn list_snapshots(&self, volume_id: Option<&str>) -> Result<Vec<Snapshot>> {
        (**self).list_snapshots(volume_id).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: DriverIdentity + ?Sized> DriverIdentity for Arc<T> {
    async fn info(&self) -> Result<DriverInfo> {
        (**self).info().await
    }

    async fn probe(&self) -> Result<bool> {
        (**self).probe().await
    }
}
