use std::cmp::Ordering;
use std::sync::Arc;

use super::{ResourceInfo, compare_versions};
use crate::{GroupVersionKind, GroupVersionResource, Name};

/// The resources served at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    groups: Vec<Group>,
    /// Sorted by plural, group and version: the plural tells most apart.
    by_resource: Vec<Arc<ResourceInfo>>,
    /// Sorted by kind, group and version.
    by_kind: Vec<Arc<ResourceInfo>>,
    n_builtin_groups: usize,
}

/// An API group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name; empty for the core group.
    pub name: Name,
    /// Its versions, the preferred one first.
    pub versions: Vec<Version>,
}

/// A version of a group.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its name, `v1`.
    pub name: Name,
    /// Its resources, sorted by plural.
    pub resources: Vec<Arc<ResourceInfo>>,
}

impl Snapshot {
    /// Finds a resource by its plural.
    pub fn resource(&self, group: &str, version: &str, resource: &str) -> Option<&Arc<ResourceInfo>> {
        let found = self.by_resource.binary_search_by(|info| compare_resource(info, group, version, resource));
        self.by_resource.get(found.ok()?)
    }

    /// Finds a resource by its plural.
    pub fn gvr(&self, gvr: &GroupVersionResource) -> Option<&Arc<ResourceInfo>> {
        self.resource(&gvr.group, &gvr.version, &gvr.resource)
    }

    /// Finds the resource whose objects are of a kind.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<ResourceInfo>> {
        let found = self.by_kind.binary_search_by(|info| compare_kind(info, group, version, kind));
        self.by_kind.get(found.ok()?)
    }

    /// Finds the resource whose objects are of a kind.
    pub fn gvk(&self, gvk: &GroupVersionKind) -> Option<&Arc<ResourceInfo>> {
        self.kind(&gvk.group, &gvk.version, &gvk.kind)
    }

    /// All groups in order of priority: the core group, the other built-in ones, then the rest by name.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Finds a group.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// Finds a version of a group.
    pub fn version(&self, group: &str, version: &str) -> Option<&Version> {
        self.group(group)?.versions.iter().find(|known| known.name == version)
    }

    /// Whether a group is one of Kubernetes' own, whatever is served of it now.
    pub fn is_builtin(&self, group: &str) -> bool {
        self.groups.iter().take(self.n_builtin_groups).any(|known| known.name == group)
    }

    /// The part of the store's keys that tells this resource from others, `pods` or `zoo.example/widgets`.
    ///
    /// Keys follow upstream's: the plural for built-in resources, but for some that are older than their names.
    pub fn storage_prefix(&self, info: &ResourceInfo) -> Name {
        let GroupVersionResource { group, resource, .. } = &info.gvr;
        match (&**group, &**resource) {
            ("", "replicationcontrollers") => "controllers".into(),
            ("", "endpoints") => "services/endpoints".into(),
            ("", "nodes") => "minions".into(),
            ("", "services") => "services/specs".into(),
            ("networking.k8s.io", "ingresses") => "ingress".into(),
            ("apiextensions.k8s.io" | "apiregistration.k8s.io", _) => format!("{group}/{resource}").into(),
            _ if self.is_builtin(group) => resource.clone(),
            _ => format!("{group}/{resource}").into(),
        }
    }

    /// All resources, sorted by plural, group and version.
    pub fn resources(&self) -> &[Arc<ResourceInfo>] {
        &self.by_resource
    }

    /// The groups keep the order in which they occur.
    pub(super) fn builtin(resources: Vec<ResourceInfo>) -> Self {
        let mut snapshot = Self::default();
        for resource in resources {
            snapshot.n_builtin_groups = usize::MAX;
            snapshot.put(Arc::new(resource));
        }
        snapshot.n_builtin_groups = snapshot.groups.len();
        snapshot
    }

    pub(super) fn with(&self, resource: Arc<ResourceInfo>) -> Self {
        let mut next = self.without(&resource.gvr);
        next.put(resource);
        next
    }

    pub(super) fn without(&self, gvr: &GroupVersionResource) -> Self {
        let mut next = self.clone();
        let keep = |info: &Arc<ResourceInfo>| info.gvr != *gvr;
        next.by_resource.retain(keep);
        next.by_kind.retain(keep);
        for group in next.groups.iter_mut().filter(|group| group.name == gvr.group) {
            for version in group.versions.iter_mut().filter(|version| version.name == gvr.version) {
                version.resources.retain(keep);
            }
            group.versions.retain(|version| !version.resources.is_empty());
        }
        let mut position = 0;
        let n_builtin = self.n_builtin_groups;
        next.groups.retain(|group| {
            position += 1;
            position <= n_builtin || !group.versions.is_empty()
        });
        next
    }

    fn put(&mut self, info: Arc<ResourceInfo>) {
        let GroupVersionResource { group, version, resource } = &info.gvr;
        let place = self.by_resource.binary_search_by(|known| compare_resource(known, group, version, resource));
        self.by_resource.insert(place.unwrap_or_else(|place| place), info.clone());
        let place = self.by_kind.binary_search_by(|known| compare_kind(known, group, version, &info.kind));
        self.by_kind.insert(place.unwrap_or_else(|place| place), info.clone());
        let resources = &mut self.version_mut(group, version).resources;
        let place = resources.partition_point(|known| known.gvr.resource < *resource);
        resources.insert(place, info.clone());
    }

    fn version_mut(&mut self, group: &Name, version: &Name) -> &mut Version {
        let at = self.groups.iter().position(|known| known.name == *group).unwrap_or_else(|| {
            let n_builtin = self.n_builtin_groups.min(self.groups.len());
            let (_, rest) = self.groups.split_at(n_builtin);
            let at = n_builtin + rest.partition_point(|known| known.name < *group);
            self.groups.insert(at, Group { name: group.clone(), versions: Vec::new() });
            at
        });
        let versions = &mut self.groups[at].versions;
        let at = versions.iter().position(|known| known.name == *version).unwrap_or_else(|| {
            let at = versions.partition_point(|known| compare_versions(&known.name, version) == Ordering::Less);
            versions.insert(at, Version { name: version.clone(), resources: Vec::new() });
            at
        });
        &mut versions[at]
    }
}

fn compare_resource(info: &ResourceInfo, group: &str, version: &str, resource: &str) -> Ordering {
    let gvr = &info.gvr;
    (&*gvr.resource, &*gvr.group, &*gvr.version).cmp(&(resource, group, version))
}

fn compare_kind(info: &ResourceInfo, group: &str, version: &str, kind: &str) -> Ordering {
    (&*info.kind, &*info.gvr.group, &*info.gvr.version).cmp(&(kind, group, version))
}
