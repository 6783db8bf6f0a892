use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::driver::MemoryDriver;
use super::files::MemoryFiles;
use crate::{
    AccessMode, Capacity, DriverIdentity, DriverInfo, Error, NodeAbility, NodeInfo, NodePublish, NodeStage, NodeStats,
    Result, VolumeCapability, VolumeNode,
};

/// Says in a volume's context that it lives and dies with its pod.
const EPHEMERAL: &str = "csi.storage.k8s.io/ephemeral";

/// The memory driver's half on one node. Cloning shares it.
#[derive(Clone, Debug)]
pub struct MemoryDriverNode {
    driver: MemoryDriver,
    name: String,
    files: MemoryFiles,
    mounts: Arc<Mutex<Mounts>>,
}

#[derive(Debug, Default)]
struct Mounts {
    /// By volume.
    staged: BTreeMap<String, (PathBuf, VolumeCapability)>,
    /// By target path.
    published: BTreeMap<PathBuf, Published>,
}

#[derive(Debug)]
struct Published {
    volume_id: String,
    capability: VolumeCapability,
    readonly: bool,
    ephemeral: bool,
}

impl MemoryDriverNode {
    pub(super) fn new(driver: MemoryDriver, name: String, files: MemoryFiles) -> Self {
        Self { driver, name, files, mounts: Arc::default() }
    }

    fn not_found(id: &str) -> Error {
        Error::NotFound { what: "volume", id: id.to_owned() }
    }

    /// The volume's files, if it is attached to this node.
    fn attached(&self, id: &str) -> Result<MemoryFiles> {
        let state = self.driver.lock();
        let row = state.volume(id)?;
        if row.published.contains_key(&self.name) {
            return Ok(row.files.clone());
        }
        Err(Error::WrongState { id: id.to_owned(), message: format!("is not attached to node {}", self.name) })
    }

    fn check_publish(mounts: &Mounts, request: &NodePublish) -> Result<()> {
        let id = &request.volume_id;
        if let Some(known) = mounts.published.get(&request.target_path) {
            let same =
                known.volume_id == *id && known.capability == request.capability && known.readonly == request.readonly;
            return if same { Ok(()) } else { Err(Error::AlreadyExists { name: id.clone() }) };
        }
        let other = mounts.published.iter().find(|(_, known)| known.volume_id == *id);
        match other {
            Some((path, _)) if request.capability.access == AccessMode::SingleNodeSingleWriter => {
                Err(Error::InUse { id: id.clone(), by: path.display().to_string() })
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl DriverIdentity for MemoryDriverNode {
    async fn info(&self) -> Result<DriverInfo> {
        DriverIdentity::info(&self.driver).await
    }

    async fn probe(&self) -> Result<bool> {
        Ok(true)
    }
}

#[async_trait]
impl VolumeNode for MemoryDriverNode {
    async fn abilities(&self) -> Result<Vec<NodeAbility>> {
        Ok(vec![NodeAbility::Stage, NodeAbility::Expand, NodeAbility::Stats])
    }

    async fn info(&self) -> Result<NodeInfo> {
        let topology = self.driver.lock().nodes.get(&self.name).cloned().unwrap_or_default();
        Ok(NodeInfo { node_id: self.name.clone(), max_volumes: None, topology })
    }

    async fn stage(&self, request: NodeStage) -> Result<()> {
        self.attached(&request.volume_id)?;
        let mut mounts = self.mounts.lock();
        let wish = (request.staging_path, request.capability);
        match mounts.staged.get(&request.volume_id) {
            Some(known) if *known != wish => Err(Error::AlreadyExists { name: request.volume_id }),
            Some(_) => Ok(()),
            None => {
                mounts.staged.insert(request.volume_id, wish);
                Ok(())
            }
        }
    }

    async fn unstage(&self, volume_id: &str, _staging_path: &Path) -> Result<()> {
        let mut mounts = self.mounts.lock();
        if let Some((path, _)) = mounts.published.iter().find(|(_, known)| known.volume_id == volume_id) {
            return Err(Error::InUse { id: volume_id.to_owned(), by: path.display().to_string() });
        }
        mounts.staged.remove(volume_id);
        Ok(())
    }

    async fn publish(&self, request: NodePublish) -> Result<()> {
        let ephemeral = request.context.get(EPHEMERAL).is_some_and(|value| value == "true");
        let files = if ephemeral {
            self.driver.lock().ephemeral(&request.volume_id).files.clone()
        } else {
            self.attached(&request.volume_id)?
        };
        let mut mounts = self.mounts.lock();
        if !ephemeral && !mounts.staged.contains_key(&request.volume_id) {
            return Err(Error::WrongState { id: request.volume_id, message: "is not staged".into() });
        }
        Self::check_publish(&mounts, &request)?;
        self.files.mount(&request.target_path, files, request.readonly);
        let NodePublish { volume_id, capability, readonly, target_path, .. } = request;
        mounts.published.insert(target_path, Published { volume_id, capability, readonly, ephemeral });
        Ok(())
    }

    async fn unpublish(&self, volume_id: &str, target_path: &Path) -> Result<()> {
        let mut mounts = self.mounts.lock();
        if mounts.published.get(target_path).is_none_or(|known| known.volume_id != volume_id) {
            return Ok(());
        }
        self.files.unmount(target_path);
        if mounts.published.remove(target_path).is_some_and(|known| known.ephemeral) {
            self.driver.lock().volumes.remove(volume_id);
        }
        Ok(())
    }

    async fn expand(&self, volume_id: &str, _path: &Path, capacity: Capacity) -> Result<u64> {
        let state = self.driver.lock();
        let row = state.volume(volume_id)?;
        let size = row.volume.capacity;
        if capacity.required > size {
            return Err(Error::OutOfRange { message: format!("volume {volume_id} has only {size} bytes") });
        }
        row.files.limit(Path::new("/"), Some(size));
        Ok(size)
    }

    async fn stats(&self, volume_id: &str, path: &Path) -> Result<NodeStats> {
        let here = {
            let mounts = self.mounts.lock();
            mounts.published.get(path).is_some_and(|known| known.volume_id == volume_id)
                || mounts.staged.get(volume_id).is_some_and(|(staged, _)| staged == path)
        };
        if !here {
            return Err(Self::not_found(volume_id));
        }
        let state = self.driver.lock();
        let row = state.volume(volume_id)?;
        let (used_bytes, inodes_used) = row.files.usage(Path::new("/"));
        let capacity_bytes = row.volume.capacity;
        let available_bytes = capacity_bytes.saturating_sub(used_bytes);
        Ok(NodeStats { capacity_bytes, used_bytes, available_bytes, inodes_used, ..NodeStats::default() })
    }
}
