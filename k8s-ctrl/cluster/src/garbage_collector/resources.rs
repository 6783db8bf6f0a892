use std::collections::HashMap;

use foldhash::fast::RandomState;
use k8s_api::registry::Registry;
use k8s_api::{GroupKind, GroupVersionKind, GroupVersionResource};
use k8s_api_client::discovery::Discovered;
use parking_lot::RwLock;

/// Which resource serves a kind, by group and kind: owner references may name any version.
#[derive(Debug, Default)]
pub(super) struct Resources(RwLock<HashMap<GroupKind, Served, RandomState>>);

/// Where a kind is served, and whether it lives in namespaces.
type Served = (GroupVersionResource, bool);

impl Resources {
    pub(super) fn learn(&self, found: &[Discovered]) {
        let mut known = self.0.write();
        for resource in found {
            let key = resource.kind.group_kind();
            known.insert(key, (resource.resource.clone(), resource.namespaced));
        }
    }

    pub(super) fn find(&self, api_version: &str, kind: &str) -> Option<Served> {
        let gvk = GroupVersionKind::parse(api_version, kind);
        let key = gvk.group_kind();
        if let Some(known) = self.0.read().get(&key) {
            return Some(known.clone());
        }
        let snapshot = Registry::builtin().snapshot();
        let info = snapshot.kind(&gvk.group, &gvk.version, &gvk.kind)?;
        Some((info.gvr.clone(), info.namespaced))
    }
}
