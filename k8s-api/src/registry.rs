//! Which resources are served, and what is known of each: names, verbs, subresources.
//!
//! [`Registry`] begins with every resource that Kubernetes v1.36 serves by default and takes more at run time, as custom
//! resources come and go. Readers take a [`Snapshot`], which never changes under them.
//!
//! ```
//! use k8s_api::registry::{Registry, Verb};
//!
//! let served = Registry::builtin().snapshot();
//! let deployments = served.resource("apps", "v1", "deployments").unwrap();
//! assert_eq!(&*deployments.kind, "Deployment");
//! assert!(deployments.namespaced && deployments.verbs.contains(Verb::Patch));
//! assert_eq!(deployments.subresource("scale").unwrap().kind.api_version(), "autoscaling/v1");
//! ```

mod parse;
mod resource;
mod snapshot;
mod verbs;
mod version;

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

pub use resource::{ResourceInfo, Subresource};
pub use snapshot::{Group, Snapshot, Version};
pub use verbs::{Verb, Verbs};
pub use version::compare_versions;

use crate::GroupVersionResource;

/// The resources served now. Clones share their content.
#[derive(Clone, Debug)]
pub struct Registry {
    now: Arc<RwLock<Arc<Snapshot>>>,
}

static BUILTIN: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let resources = parse::table(include_str!("generated/registry.txt"));
    Arc::new(Snapshot::builtin(resources.expect("the committed table is what the generator wrote")))
});

impl Registry {
    /// The resources that Kubernetes v1.36 serves by default.
    pub fn builtin() -> Self {
        Self { now: Arc::new(RwLock::new(BUILTIN.clone())) }
    }

    /// What is served at this moment. Costs a reference count, and stays as it is.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves a resource from now on, in place of one with the same group, version and plural.
    pub fn insert(&self, resource: ResourceInfo) {
        self.change(|snapshot| snapshot.with(Arc::new(resource)));
    }

    /// Serves a resource no longer. Does nothing if it was not served.
    pub fn remove(&self, gvr: &GroupVersionResource) {
        self.change(|snapshot| snapshot.without(gvr));
    }

    fn change(&self, change: impl FnOnce(&Snapshot) -> Snapshot) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        *now = Arc::new(change(&now));
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::builtin()
    }
}
