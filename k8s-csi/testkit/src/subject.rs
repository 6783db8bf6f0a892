use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use k8s_csi::{
    AccessMode, Capacity, CreateVolume, CsiVolume, MountSource, PodVolume, PodVolumes, PublishVolume, Secrets,
    Snapshots, Source, Volume, VolumeCapability, VolumeController, VolumeKey, VolumeMode,
};

/// What is judged: the volumes of one node, a way into their files, and a driver if there is one.
#[derive(Clone)]
pub struct Subject {
    /// The volumes.
    pub volumes: Arc<dyn PodVolumes>,
    /// What a container would see of them.
    pub files: Arc<dyn Files>,
    /// A driver whose volumes they can publish; `None` skips the cases.
    pub driver: Option<Driver>,
}

/// A storage driver.
#[derive(Clone)]
pub struct Driver {
    /// Its name.
    pub name: String,
    /// The node, as the driver names it.
    pub node_id: String,
    /// A second node, as the driver names it.
    pub other_node_id: String,
    /// Its controller.
    pub controller: Arc<dyn VolumeController>,
    /// Its snapshots; `None` skips the cases.
    pub snapshots: Option<Arc<dyn Snapshots>>,
}

/// Reads and writes what a container would see below a mount source.
///
/// # Contract
/// The backend's tests implement it: in memory over its table, on Linux over the file system.
///
/// # Ordering
/// A read sees what was written before it.
///
/// # Cancellation
/// Nothing to cancel: both calls return at once.
pub trait Files: Send + Sync {
    /// The bytes of a file, `None` when there is none. An empty `path` means the source itself.
    fn read(&self, source: &MountSource, path: &Path) -> Option<Bytes>;

    /// Writes a file and says whether that was possible.
    fn write(&self, source: &MountSource, path: &Path, bytes: Bytes) -> bool;
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("driver", &self.driver).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Subject {
    pub(crate) async fn publish(&self, pod: &str, source: Source) -> MountSource {
        self.volumes.publish(PodVolume::new(Self::key(pod), source)).await.unwrap()
    }

    pub(crate) fn key(pod: &str) -> VolumeKey {
        VolumeKey::new(pod, "data")
    }

    pub(crate) fn read(&self, source: &MountSource, path: &str) -> Option<Bytes> {
        self.files.read(source, Path::new(path))
    }

    pub(crate) fn write(&self, source: &MountSource, path: &str, bytes: &'static str) -> bool {
        self.files.write(source, Path::new(path), bytes.into())
    }
}

impl Driver {
    pub(crate) fn capability(access: AccessMode) -> VolumeCapability {
        VolumeCapability { access, mode: VolumeMode::default() }
    }

    pub(crate) fn wish(name: &str, access: AccessMode) -> CreateVolume {
        CreateVolume {
            name: name.into(),
            capacity: Capacity { required: 1 << 20, limit: 0 },
            capabilities: vec![Self::capability(access)],
            ..CreateVolume::default()
        }
    }

    pub(crate) async fn create(&self, name: &str) -> Volume {
        self.controller.create(Self::wish(name, AccessMode::SingleNodeWriter)).await.unwrap()
    }

    pub(crate) fn attachment(volume: &Volume, node_id: &str, access: AccessMode) -> PublishVolume {
        PublishVolume {
            volume_id: volume.id.clone(),
            node_id: node_id.into(),
            capability: Self::capability(access),
            readonly: false,
            secrets: Secrets::default(),
            context: volume.context.clone(),
        }
    }

    /// Attaches a volume to the node and answers how a pod has it.
    pub(crate) async fn attach(&self, volume: &Volume) -> Source {
        let access = AccessMode::SingleNodeWriter;
        let publish_context = self.controller.publish(Self::attachment(volume, &self.node_id, access)).await.unwrap();
        Source::Csi(CsiVolume {
            driver: self.name.clone(),
            volume_id: volume.id.clone(),
            capability: Self::capability(access),
            context: volume.context.clone(),
            publish_context,
            stage_secrets: Secrets::default(),
            publish_secrets: Secrets::default(),
        })
    }

    pub(crate) async fn detach(&self, volume: &Volume) {
        self.controller.unpublish(&volume.id, &self.node_id, &Secrets::default()).await.unwrap();
    }
}
