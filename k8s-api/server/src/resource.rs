use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use k8s_api::registry::{ResourceInfo, Snapshot};
use k8s_api::{GroupKind, GroupVersionResource, Object, Status};
use k8s_api_kinds::{AnyStrategy, Facts, Generic};
use k8s_env::Spawner;
use k8s_store::Store;
use parking_lot::RwLock;
use tokio::sync::OnceCell;

use crate::storage::{Cache, Form, Keys};

/// A served resource: its facts, its strategy and, once somebody used it, its cache.
pub(crate) struct Resource {
    pub(crate) info: Arc<ResourceInfo>,
    pub(crate) strategy: Arc<dyn AnyStrategy>,
    pub(crate) facts: Facts,
    pub(crate) keys: Keys,
    pub(crate) form: Form,
    cache: OnceCell<Arc<Cache>>,
}

impl Resource {
    fn new(info: Arc<ResourceInfo>, strategy: Arc<dyn AnyStrategy>, storage_prefix: &str) -> Self {
        let keys = Keys::new(storage_prefix);
        let form = Form::of(&info.gvr);
        Self { facts: strategy.facts(), info, strategy, keys, form, cache: OnceCell::new() }
    }

    pub(crate) fn gvr(&self) -> &GroupVersionResource {
        &self.info.gvr
    }

    pub(crate) fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.info.gvr.group.clone(), self.info.kind.clone())
    }

    /// The typed form of one of its stored objects.
    pub(crate) fn typed(&self, object: &Object) -> Result<Arc<dyn k8s_api::AnyObject>, Status> {
        object.any(|bytes| self.strategy.decode_bytes(bytes)).map_err(Status::internal)
    }
}

impl std::fmt::Debug for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Resource({})", self.info.gvr.group_resource())
    }
}

/// All served resources that are stored.
#[derive(Debug)]
pub(crate) struct Resources {
    store: Arc<dyn Store>,
    spawner: Spawner,
    by_gvr: RwLock<HashMap<GroupVersionResource, Arc<Resource>>>,
}

impl Resources {
    /// The given resources with the given strategies; a resource without one gets the generic strategy.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        spawner: Spawner,
        served: &Snapshot,
        strategies: Vec<(GroupVersionResource, Arc<dyn AnyStrategy>)>,
    ) -> Self {
        let mut strategies: HashMap<_, _> = strategies.into_iter().collect();
        let mut by_gvr = HashMap::with_capacity(served.resources().len());
        for info in served.resources() {
            let strategy = strategies.remove(&info.gvr).unwrap_or_else(|| generic(info));
            let prefix = served.storage_prefix(info);
            by_gvr.insert(info.gvr.clone(), Arc::new(Resource::new(info.clone(), strategy, &prefix)));
        }
        Self { store, spawner, by_gvr: RwLock::new(by_gvr) }
    }

    pub(crate) fn get(&self, gvr: &GroupVersionResource) -> Result<Arc<Resource>, Status> {
        self.by_gvr.read().get(gvr).cloned().ok_or_else(Status::no_such_path)
    }

    /// The resource's cache; the first caller opens it.
    pub(crate) async fn cache(&self, resource: &Resource) -> Result<Arc<Cache>, Status> {
        let open = async {
            let cache = Cache::open(resource.keys.prefix().to_owned(), resource.form, self.store.clone()).await?;
            self.spawner.spawn(cache.clone().drive());
            Ok(cache)
        };
        resource.cache.get_or_try_init(|| open).await.cloned()
    }
}

/// The strategy of a built-in kind that has none of its own.
fn generic(info: &ResourceInfo) -> Arc<dyn AnyStrategy> {
    let status = info.subresource("status").is_some();
    Arc::new(Generic::builtin(&info.gvk(), Facts::new()).with_status(status))
}
