use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use k8s_env::Env;
use parking_lot::{Mutex, MutexGuard};

use super::driver_node::MemoryDriverNode;
use super::files::MemoryFiles;
use crate::{
    Capacity, ControllerAbility, CreateVolume, DriverIdentity, DriverInfo, Error, Expanded, ListedVolume, Origin,
    PublishVolume, Result, Secrets, Snapshot, Topology, Volume, VolumeController,
};

/// The size of a volume for which none is asked.
const SIZE: u64 = 1 << 30;

/// A storage driver in memory, for a whole cluster. Cloning shares it.
///
/// It has every [`ControllerAbility`]. Its volumes can be read and written wherever they are published, and keep to
/// their size.
#[derive(Clone, Debug)]
pub struct MemoryDriver(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) env: Env,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// By id.
    pub(super) volumes: BTreeMap<String, Row>,
    pub(super) snapshots: BTreeMap<String, Saved>,
    pub(super) nodes: BTreeMap<String, Topology>,
    /// How many bytes all volumes together may have; `None` for no limit.
    capacity: Option<u64>,
    failures: Option<(u32, String)>,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) volume: Volume,
    request: CreateVolume,
    pub(super) files: MemoryFiles,
    /// By node.
    pub(super) published: BTreeMap<String, PublishVolume>,
}

#[derive(Debug)]
pub(super) struct Saved {
    pub(super) name: String,
    pub(super) snapshot: Snapshot,
    pub(super) files: MemoryFiles,
}

impl MemoryDriver {
    /// A driver of this name without volumes. Ids come from `env.random`.
    pub fn new(name: impl Into<String>, env: Env) -> Self {
        Self(Arc::new(Shared { name: name.into(), env, state: Mutex::default() }))
    }

    /// Its half on the node of this name, which publishes into the node's files.
    pub fn node(&self, name: impl Into<String>, topology: Topology, files: MemoryFiles) -> MemoryDriverNode {
        let name = name.into();
        self.lock().nodes.insert(name.clone(), topology);
        MemoryDriverNode::new(self.clone(), name, files)
    }

    /// Lets all volumes together have so many bytes; `None` for no limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity = bytes;
    }

    /// Lets the next few calls that make, attach or expand volumes fail.
    pub fn fail(&self, times: u32, message: impl Into<String>) {
        self.lock().failures = Some((times, message.into()));
    }

    /// A file of a volume, wherever that is published or not; `None` when either is missing.
    pub fn read(&self, volume_id: &str, path: impl AsRef<Path>) -> Option<Bytes> {
        let files = self.lock().volumes.get(volume_id)?.files.clone();
        files.read(path)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }

    fn new_row(&self, state: &State, request: CreateVolume) -> Result<Row> {
        let (files, least) = match &request.origin {
            None => (MemoryFiles::new(), 0),
            Some(Origin::Volume(id)) => {
                let row = state.volume(id)?;
                (row.files.copy(), row.volume.capacity)
            }
            Some(Origin::Snapshot(id)) => {
                let saved = state.snapshots.get(id);
                let saved = saved.ok_or_else(|| Error::NotFound { what: "snapshot", id: id.clone() })?;
                (saved.files.copy(), saved.snapshot.size)
            }
        };
        let capacity = size(request.capacity, least)?;
        if state.free().is_some_and(|free| free < capacity) {
            return Err(Error::Exhausted { message: format!("{}: no space for {capacity} bytes", self.0.name) });
        }
        files.limit(Path::new("/"), Some(capacity));
        let place = request.preferred.first().or(request.requisite.first()).cloned();
        let volume = Volume {
            id: self.0.env.random.uuid(),
            capacity,
            context: request.parameters.clone(),
            origin: request.origin.clone(),
            topology: place.into_iter().collect(),
        };
        Ok(Row { volume, request, files, published: BTreeMap::new() })
    }
}

impl State {
    pub(super) fn volume(&self, id: &str) -> Result<&Row> {
        self.volumes.get(id).ok_or_else(|| Error::NotFound { what: "volume", id: id.to_owned() })
    }

    pub(super) fn volume_mut(&mut self, id: &str) -> Result<&mut Row> {
        self.volumes.get_mut(id).ok_or_else(|| Error::NotFound { what: "volume", id: id.to_owned() })
    }

    /// Makes a volume that lives and dies with its pod, unless it exists.
    pub(super) fn ephemeral(&mut self, id: &str) -> &mut Row {
        self.volumes.entry(id.to_owned()).or_insert_with(|| {
            let files = MemoryFiles::new();
            files.limit(Path::new("/"), Some(SIZE));
            let volume = Volume { id: id.to_owned(), capacity: SIZE, ..Volume::default() };
            Row { volume, request: CreateVolume::default(), files, published: BTreeMap::new() }
        })
    }

    /// Bytes that are left; `None` for no limit.
    fn free(&self) -> Option<u64> {
        let used: u64 = self.volumes.values().map(|row| row.volume.capacity).sum();
        Some(self.capacity?.saturating_sub(used))
    }

    fn fail(&mut self) -> Result<()> {
        match &mut self.failures {
            Some((times, message)) if *times > 0 => {
                *times -= 1;
                Err(Error::failed(message.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// The size that is given for a wish, at least `least`.
fn size(wish: Capacity, least: u64) -> Result<u64> {
    let size = match (wish.required, wish.limit) {
        (0, 0) => SIZE,
        (0, limit) => SIZE.min(limit),
        (required, _) => required,
    };
    let size = size.max(least);
    if wish.limit != 0 && size > wish.limit {
        return Err(Error::OutOfRange { message: format!("{size} bytes are needed, {} allowed", wish.limit) });
    }
    Ok(size)
}

/// Whether a volume that exists is what a repeated wish asks for.
fn is_same(row: &Row, request: &CreateVolume) -> bool {
    let Capacity { required, limit } = request.capacity;
    let fits = row.volume.capacity >= required && (limit == 0 || row.volume.capacity <= limit);
    fits && row.request.capabilities == request.capabilities
        && row.request.parameters == request.parameters
        && row.request.origin == request.origin
}

#[async_trait]
impl DriverIdentity for MemoryDriver {
    async fn info(&self) -> Result<DriverInfo> {
        Ok(DriverInfo {
            name: self.0.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            controller: true,
            snapshots: true,
            topology: self.lock().nodes.values().any(|topology| !topology.is_empty()),
            online_expansion: true,
        })
    }

    async fn probe(&self) -> Result<bool> {
        Ok(true)
    }
}

#[async_trait]
impl VolumeController for MemoryDriver {
    async fn abilities(&self) -> Result<Vec<ControllerAbility>> {
        use ControllerAbility::{Capacity, Clone, Expand, List, Publish, SingleNodeMultiWriter, Snapshot};
        Ok(vec![Publish, Expand, List, Capacity, Clone, Snapshot, SingleNodeMultiWriter])
    }

    async fn create(&self, request: CreateVolume) -> Result<Volume> {
        if request.name.is_empty() || request.capabilities.is_empty() {
            return Err(Error::Invalid { message: "a volume needs a name and a capability".into() });
        }
        let mut state = self.lock();
        if let Some(row) = state.volumes.values().find(|row| row.request.name == request.name) {
            let same = is_same(row, &request);
            return if same { Ok(row.volume.clone()) } else { Err(Error::AlreadyExists { name: request.name }) };
        }
        state.fail()?;
        let row = self.new_row(&state, request)?;
        let volume = row.volume.clone();
        state.volumes.insert(volume.id.clone(), row);
        Ok(volume)
    }

    async fn delete(&self, volume_id: &str, _secrets: &Secrets) -> Result<()> {
        let mut state = self.lock();
        let user = state.volumes.get(volume_id).and_then(|row| row.published.keys().next());
        if let Some(node) = user {
            return Err(Error::InUse { id: volume_id.to_owned(), by: format!("node {node}") });
        }
        state.volumes.remove(volume_id);
        Ok(())
    }

    async fn publish(&self, request: PublishVolume) -> Result<BTreeMap<String, String>> {
        let mut state = self.lock();
        state.volume(&request.volume_id)?;
        if !state.nodes.contains_key(&request.node_id) {
            return Err(Error::NotFound { what: "node", id: request.node_id });
        }
        state.fail()?;
        let row = state.volume_mut(&request.volume_id)?;
        if let Some(known) = row.published.get(&request.node_id) {
            if known.capability != request.capability || known.readonly != request.readonly {
                return Err(Error::AlreadyExists { name: request.volume_id });
            }
        } else if let Some(node) = row.published.keys().next()
            && !request.capability.access.is_multi_node()
        {
            return Err(Error::InUse { id: request.volume_id, by: format!("node {node}") });
        }
        let context = BTreeMap::from([("device".to_owned(), format!("/memory/{}", request.volume_id))]);
        row.published.insert(request.node_id.clone(), request);
        Ok(context)
    }

    async fn unpublish(&self, volume_id: &str, node_id: &str, _secrets: &Secrets) -> Result<()> {
        if let Some(row) = self.lock().volumes.get_mut(volume_id) {
            row.published.remove(node_id);
        }
        Ok(())
    }

    async fn expand(&self, volume_id: &str, capacity: Capacity, _secrets: &Secrets) -> Result<Expanded> {
        let mut state = self.lock();
        let now = state.volume(volume_id)?.volume.capacity;
        let wanted = size(capacity, now)?;
        state.fail()?;
        if state.free().is_some_and(|free| free < wanted - now) {
            return Err(Error::OutOfRange { message: format!("{}: no space for {wanted} bytes", self.0.name) });
        }
        state.volume_mut(volume_id)?.volume.capacity = wanted;
        Ok(Expanded { capacity: wanted, node_expansion_required: true })
    }

    async fn list(&self) -> Result<Vec<ListedVolume>> {
        let state = self.lock();
        let show = |row: &Row| ListedVolume {
            volume: row.volume.clone(),
            published_nodes: row.published.keys().cloned().collect(),
            abnormal: None,
        };
        Ok(state.volumes.values().map(show).collect())
    }

    async fn capacity(&self, _parameters: &BTreeMap<String, String>, _topology: &Topology) -> Result<u64> {
        Ok(self.lock().free().unwrap_or(u64::MAX))
    }
}
