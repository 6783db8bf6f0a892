use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;

use super::files::MemoryFiles;
use crate::{
    Capacity, Content, CsiVolume, Error, HostPathKind, Medium, MountSource, NodeAbility, NodePublish, NodeStage,
    NodeStats, PodVolume, PodVolumes, Result, Source, VolumeKey, VolumeNode,
};

/// Where everything lies.
const ROOT: &str = "/var/lib/kubelet";
/// Says in a volume's context that it lives and dies with its pod.
const EPHEMERAL: &str = "csi.storage.k8s.io/ephemeral";

/// The volumes of one node's pods, in memory. Cloning shares them.
#[derive(Clone)]
pub struct MemoryVolumes(Arc<Inner>);

struct Inner {
    files: MemoryFiles,
    drivers: BTreeMap<String, Arc<dyn VolumeNode>>,
    published: Mutex<BTreeMap<VolumeKey, Row>>,
    /// Held while a driver is called: staging for one pod must not cross unstaging after another.
    driving: tokio::sync::Mutex<()>,
}

struct Row {
    volume: PodVolume,
    path: PathBuf,
    /// How often its content was replaced.
    generation: u64,
}

impl std::fmt::Debug for MemoryVolumes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let published = self.0.published.lock();
        f.debug_struct("MemoryVolumes")
            .field("published", &published.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Default for MemoryVolumes {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryVolumes {
    /// Volumes on a machine without files and storage drivers.
    pub fn new() -> Self {
        Self::on(MemoryFiles::new(), [])
    }

    /// Volumes on a machine with these files and storage drivers, by name.
    pub fn on(files: MemoryFiles, drivers: impl IntoIterator<Item = (String, Arc<dyn VolumeNode>)>) -> Self {
        Self(Arc::new(Inner {
            files,
            drivers: drivers.into_iter().collect(),
            published: Mutex::default(),
            driving: tokio::sync::Mutex::default(),
        }))
    }

    /// The machine's files, host paths and mounts included.
    pub fn files(&self) -> &MemoryFiles {
        &self.0.files
    }

    /// A file, by what a [`MountSource`] says and what is below it: what a container would read.
    pub fn read(&self, path: impl AsRef<Path>) -> Option<Bytes> {
        self.0.files.read(path)
    }

    /// A published volume's files, relative to it, sorted; empty when it is missing.
    pub fn list_files(&self, key: &VolumeKey) -> Vec<PathBuf> {
        let path = self.0.published.lock().get(key).map(|row| row.path.clone());
        path.map(|path| self.0.files.list(path)).unwrap_or_default()
    }

    fn path(key: &VolumeKey) -> PathBuf {
        Path::new(ROOT).join("pods").join(&key.pod_uid).join("volumes").join(&key.name)
    }

    fn sub_paths(key: &VolumeKey) -> PathBuf {
        Path::new(ROOT).join("pods").join(&key.pod_uid).join("volume-subpaths").join(&key.name)
    }

    /// Notes a volume before anything is done for it, so that a half published one is listed.
    fn note(&self, volume: PodVolume, path: &Path) -> Result<Option<PodVolume>> {
        let mut published = self.0.published.lock();
        let Some(row) = published.get_mut(&volume.key) else {
            published.insert(volume.key.clone(), Row { volume, path: path.to_owned(), generation: 0 });
            return Ok(None);
        };
        if std::mem::discriminant(&row.volume.source) != std::mem::discriminant(&volume.source) {
            return Err(Error::AlreadyExists { name: volume.key.name });
        }
        row.generation += u64::from(row.volume.source != volume.source);
        Ok(Some(std::mem::replace(&mut row.volume, volume)))
    }

    fn host_path(&self, path: &Path, kind: HostPathKind) -> Result<()> {
        let files = &self.0.files;
        let (exists, directory) = (files.exists(path), files.is_directory(path));
        let fits = match kind {
            HostPathKind::Unchecked => true,
            HostPathKind::DirectoryOrCreate if !exists => {
                files.make_directory(path);
                true
            }
            HostPathKind::FileOrCreate if !exists => return files.write(path, Bytes::new()),
            HostPathKind::Directory | HostPathKind::DirectoryOrCreate => directory,
            HostPathKind::File | HostPathKind::FileOrCreate => exists && !directory,
            // There are none in memory.
            HostPathKind::Socket | HostPathKind::CharDevice | HostPathKind::BlockDevice => false,
        };
        if fits {
            return Ok(());
        }
        let wanted = match kind {
            HostPathKind::Directory | HostPathKind::DirectoryOrCreate => "directory",
            HostPathKind::Socket => "socket file",
            HostPathKind::CharDevice => "character device",
            HostPathKind::BlockDevice => "block device",
            _ => "file",
        };
        Err(Error::Invalid { message: format!("hostPath type check failed: {} is not a {wanted}", path.display()) })
    }

    fn driver(&self, name: &str) -> Result<&Arc<dyn VolumeNode>> {
        self.0.drivers.get(name).ok_or_else(|| Error::NotFound { what: "driver", id: name.to_owned() })
    }

    async fn publish_csi(&self, csi: &CsiVolume, target: &Path, readonly: bool) -> Result<()> {
        let driver = self.driver(&csi.driver)?;
        let _driving = self.0.driving.lock().await;
        let staging_path = needs_staging(driver.as_ref(), csi).await?.then(|| staging_path(csi));
        if let Some(staging_path) = staging_path.clone() {
            let stage = NodeStage {
                volume_id: csi.volume_id.clone(),
                publish_context: csi.publish_context.clone(),
                staging_path,
                capability: csi.capability.clone(),
                secrets: csi.stage_secrets.clone(),
                context: csi.context.clone(),
            };
            driver.stage(stage).await?;
        }
        let publish = NodePublish {
            volume_id: csi.volume_id.clone(),
            publish_context: csi.publish_context.clone(),
            staging_path,
            target_path: target.to_owned(),
            capability: csi.capability.clone(),
            readonly,
            secrets: csi.publish_secrets.clone(),
            context: csi.context.clone(),
        };
        driver.publish(publish).await
    }

    async fn unpublish_csi(&self, key: &VolumeKey, csi: &CsiVolume, target: &Path) -> Result<()> {
        let driver = self.driver(&csi.driver)?;
        let _driving = self.0.driving.lock().await;
        driver.unpublish(&csi.volume_id, target).await?;
        let shared = self.0.published.lock().iter().any(|(other, row)| match &row.volume.source {
            Source::Csi(used) => other != key && used.driver == csi.driver && used.volume_id == csi.volume_id,
            _ => false,
        });
        if !shared && needs_staging(driver.as_ref(), csi).await? {
            driver.unstage(&csi.volume_id, &staging_path(csi)).await?;
        }
        Ok(())
    }

    fn row<R>(&self, key: &VolumeKey, read: impl FnOnce(&Row) -> R) -> Result<R> {
        let published = self.0.published.lock();
        published.get(key).map(read).ok_or_else(|| Error::NotFound { what: "volume", id: key.name.clone() })
    }
}

async fn needs_staging(driver: &dyn VolumeNode, csi: &CsiVolume) -> Result<bool> {
    let ephemeral = csi.context.get(EPHEMERAL).is_some_and(|value| value == "true");
    Ok(!ephemeral && driver.abilities().await?.contains(&NodeAbility::Stage))
}

fn staging_path(csi: &CsiVolume) -> PathBuf {
    Path::new(ROOT).join("plugins").join(&csi.driver).join(&csi.volume_id).join("globalmount")
}

/// Refuses paths that leave their volume.
fn check_inside(path: &Path) -> Result<()> {
    if path.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir)) {
        return Ok(());
    }
    Err(Error::Invalid { message: format!("subpath {} must stay inside of its volume", path.display()) })
}

/// What is left of a content below `path`; `None` when nothing is.
fn part_of(content: &Content, path: &Path) -> Option<Content> {
    let files = content.files.iter().filter_map(|(name, file)| {
        let rest = name.strip_prefix(path).ok()?;
        Some((rest.to_owned(), file.clone()))
    });
    let part = Content { files: files.collect() };
    (!part.files.is_empty()).then_some(part)
}

#[async_trait]
impl PodVolumes for MemoryVolumes {
    async fn publish(&self, volume: PodVolume) -> Result<MountSource> {
        let key = volume.key.clone();
        let path = match &volume.source {
            Source::HostPath { path, .. } => path.clone(),
            _ => Self::path(&key),
        };
        // What cannot be begun leaves nothing to undo, so it is found out before the volume is noted.
        match &volume.source {
            Source::Content(content) => content.files.keys().try_for_each(|path| check_inside(path))?,
            Source::HostPath { path, kind } => self.host_path(path, *kind)?,
            Source::Csi(csi) => drop(self.driver(&csi.driver)?),
            Source::Empty { .. } => {}
        }
        let (source, readonly) = (volume.source.clone(), volume.readonly);
        let old = self.note(volume, &path)?;
        match &source {
            Source::Empty { medium, size_limit } => {
                self.0.files.make_directory(&path);
                if *medium != Medium::Disk {
                    self.0.files.limit(&path, *size_limit);
                }
            }
            Source::Content(content) => {
                let old = match old.as_ref().map(|old| &old.source) {
                    Some(Source::Content(old)) => Some(old),
                    _ => None,
                };
                if old != Some(content) {
                    self.0.files.replace(&path, old, content);
                }
            }
            Source::HostPath { .. } => {}
            Source::Csi(csi) => self.publish_csi(csi, &path, readonly).await?,
        }
        Ok(MountSource::new(path))
    }

    async fn sub_path(&self, key: &VolumeKey, path: &Path) -> Result<MountSource> {
        check_inside(path)?;
        let (whole, frozen) = self.row(key, |row| match &row.volume.source {
            Source::Content(content) => (row.path.clone(), Some((part_of(content, path), row.generation))),
            _ => (row.path.clone(), None),
        })?;
        let Some((part, generation)) = frozen else {
            let part = whole.join(path);
            if !self.0.files.exists(&part) {
                self.0.files.make_directory(&part);
            }
            return Ok(MountSource::new(part));
        };
        let part = part.ok_or_else(|| Error::NotFound { what: "file", id: path.display().to_string() })?;
        let copy = Self::sub_paths(key).join(generation.to_string()).join(path);
        for (rest, file) in part.files {
            let to = if rest.as_os_str().is_empty() { copy.clone() } else { copy.join(rest) };
            self.0.files.put(to, file)?;
        }
        Ok(MountSource::new(copy))
    }

    async fn unpublish(&self, key: &VolumeKey) -> Result<()> {
        let Ok((source, path)) = self.row(key, |row| (row.volume.source.clone(), row.path.clone())) else {
            return Ok(());
        };
        match &source {
            Source::HostPath { .. } => {}
            Source::Csi(csi) => self.unpublish_csi(key, csi, &path).await?,
            Source::Empty { .. } | Source::Content(_) => {
                self.0.files.remove(&path);
                self.0.files.limit(&path, None);
                self.0.files.remove(Self::sub_paths(key));
            }
        }
        self.0.published.lock().remove(key);
        Ok(())
    }

    async fn list(&self) -> Result<Vec<VolumeKey>> {
        Ok(self.0.published.lock().keys().cloned().collect())
    }

    async fn stats(&self, key: &VolumeKey) -> Result<NodeStats> {
        let (source, path) = self.row(key, |row| (row.volume.source.clone(), row.path.clone()))?;
        let capacity = match &source {
            Source::HostPath { .. } => return Err(Error::Unsupported { what: "measuring host paths" }),
            Source::Csi(csi) => return self.driver(&csi.driver)?.stats(&csi.volume_id, &path).await,
            Source::Empty { size_limit, .. } => *size_limit,
            Source::Content(_) => None,
        };
        let (used_bytes, inodes_used) = self.0.files.usage(&path);
        let capacity_bytes = capacity.unwrap_or(used_bytes);
        let available_bytes = capacity_bytes.saturating_sub(used_bytes);
        Ok(NodeStats { capacity_bytes, used_bytes, available_bytes, inodes_used, ..NodeStats::default() })
    }

    async fn expand(&self, key: &VolumeKey, capacity: u64) -> Result<u64> {
        let (source, path) = self.row(key, |row| (row.volume.source.clone(), row.path.clone()))?;
        let Source::Csi(csi) = source else { return Err(Error::Unsupported { what: "expanding local volumes" }) };
        let capacity = Capacity { required: capacity, limit: 0 };
        self.driver(&csi.driver)?.expand(&csi.volume_id, &path, capacity).await
    }
}
