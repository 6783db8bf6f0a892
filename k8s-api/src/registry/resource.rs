use super::Verbs;
use crate::{GroupVersionKind, GroupVersionResource, Name};

/// What discovery says of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceInfo {
    /// Group, version and plural.
    pub gvr: GroupVersionResource,
    /// The kind of its objects.
    pub kind: Name,
    /// Its singular in lower case; empty for none.
    pub singular: Name,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What may be asked of it.
    pub verbs: Verbs,
    /// What else kubectl calls it, `deploy`.
    pub short_names: Box<[Name]>,
    /// Groups of resources it belongs to for kubectl, `all`.
    pub categories: Box<[Name]>,
    /// Eight bytes of a hash of the stored group, version and kind, in base64. None for what is not stored.
    pub storage_version_hash: Option<Name>,
    /// Whether DELETE of one object answers the object rather than a `Status` once it is gone.
    pub delete_returns_object: bool,
    /// What hangs below its objects, sorted by name.
    pub subresources: Box<[Subresource]>,
}

/// What discovery says of a subresource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// Its name in the path, `status`.
    pub name: Name,
    /// The kind it takes and answers. `Scale` and `Eviction` are of other groups than the resource.
    pub kind: GroupVersionKind,
    /// What may be asked of it.
    pub verbs: Verbs,
}

impl ResourceInfo {
    /// Group, version and kind of its objects.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind { group: self.gvr.group.clone(), version: self.gvr.version.clone(), kind: self.kind.clone() }
    }

    /// The kind of its lists.
    pub fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }

    /// Finds a subresource.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }
}
