use std::collections::BTreeMap;

use k8s_api::registry::{Group, Snapshot, Version};

use super::{by_path, root_path};
use crate::hash;
use crate::operation::{PathItem, group_path, paths_of_version, root_paths};

/// What one OpenAPI v3 document is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// One of the paths that are of no group.
    Root(&'static str),
    /// A named group.
    Group(&'a Group),
    /// A version of a group.
    Version(&'a Group, &'a Version),
}

/// Every part.
pub(crate) fn all(snapshot: &Snapshot) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = root_paths().into_iter().map(|(name, _)| Part::Root(name)).collect();
    // Documents of custom resources need their schemas, which the registry does not hold.
    for group in snapshot.groups().iter().filter(|group| snapshot.is_builtin(&group.name)) {
        if !group.name.is_empty() {
            parts.push(Part::Group(group));
        }
        parts.extend(group.versions.iter().map(|version| Part::Version(group, version)));
    }
    parts
}

impl Part<'_> {
    /// The document's name in the index.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Root(name) => (*name).to_owned(),
            Self::Group(group) => format!("apis/{}", group.name),
            Self::Version(group, version) if group.name.is_empty() => format!("api/{}", version.name),
            Self::Version(group, version) => format!("apis/{}/{}", group.name, version.name),
        }
    }

    /// Its paths by themselves.
    pub(crate) fn paths(&self) -> BTreeMap<String, PathItem> {
        by_path(match self {
            Self::Root(name) => root_path(name),
            Self::Group(group) => vec![group_path(group)],
            Self::Version(group, version) => paths_of_version(&group.name, version),
        })
    }

    /// The group and the version it is about, if it is about one.
    pub(crate) fn group_version(&self) -> Option<(String, String)> {
        match self {
            Self::Version(group, version) => Some((group.name.to_string(), version.name.to_string())),
            _ => None,
        }
    }

    /// A hash of all that the document is made of: this package, the part and what is known of its resources.
    pub(crate) fn hash(&self) -> String {
        hash::hex(format!("{} {} {self:?}", env!("CARGO_PKG_VERSION"), self.name()).as_bytes())
    }
}
