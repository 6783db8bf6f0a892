use std::borrow::Cow;
use std::fmt;

/// A word of the API that is nearly always one of ours: a group, a version, a resource. Cloning a built-in one is free.
pub type Name = Cow<'static, str>;

/// What a URL addresses: `pods` of `v1`, `deployments` of `apps/v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionResource {
    /// The API group; empty for the core group.
    pub group: Name,
    /// The version, `v1`.
    pub version: Name,
    /// The plural in lower case, `pods`.
    pub resource: Name,
}

/// What an object says of itself: `apiVersion` and `kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionKind {
    /// The API group; empty for the core group.
    pub group: Name,
    /// The version, `v1`.
    pub version: Name,
    /// The kind, `Pod`.
    pub kind: Name,
}

/// A kind whatever its version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKind {
    /// The API group; empty for the core group.
    pub group: Name,
    /// The kind, `Pod`.
    pub kind: Name,
}

impl GroupVersionResource {
    /// Names a resource.
    pub fn new(group: impl Into<Name>, version: impl Into<Name>, resource: impl Into<Name>) -> Self {
        Self { group: group.into(), version: version.into(), resource: resource.into() }
    }

    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> Name {
        api_version(&self.group, &self.version)
    }

    /// The resource as error messages name it: `pods` or `deployments.apps`.
    pub fn group_resource(&self) -> String {
        if self.group.is_empty() { self.resource.to_string() } else { format!("{}.{}", self.resource, self.group) }
    }
}

impl GroupVersionKind {
    /// Names a kind.
    pub fn new(group: impl Into<Name>, version: impl Into<Name>, kind: impl Into<Name>) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Reads `apiVersion` and `kind` as an object carries them.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::new(group.to_owned(), version.to_owned(), kind.to_owned())
    }

    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> Name {
        api_version(&self.group, &self.version)
    }

    /// The kind without its version.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }
}

impl GroupKind {
    /// Names a kind.
    pub fn new(group: impl Into<Name>, kind: impl Into<Name>) -> Self {
        Self { group: group.into(), kind: kind.into() }
    }
}

/// `Pod` or `Deployment.apps`, as upstream's error messages print it.
impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { f.write_str(&self.kind) } else { write!(f, "{}.{}", self.kind, self.group) }
    }
}

fn api_version(group: &Name, version: &Name) -> Name {
    if group.is_empty() { version.clone() } else { Name::Owned(format!("{group}/{version}")) }
}
