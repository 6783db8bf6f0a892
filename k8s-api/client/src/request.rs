use std::sync::Arc;

use bytes::Bytes;
use k8s_api::{AnyObject, GroupVersionResource, UserInfo};

use crate::{DeleteOptions, ListOptions, WriteOptions};

/// One request to an API server.
#[derive(Debug)]
pub struct Request {
    /// What it is about.
    pub target: Target,
    /// What to do with it.
    pub call: Call,
    /// Who asks.
    pub identity: Arc<UserInfo>,
    /// The caller's program, as `User-Agent` has it; the default field manager is its first part.
    pub user_agent: Arc<str>,
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A resource, one object of it or a subresource of one.
    Resource(ResourceTarget),
    /// A path outside of the resources: `/version`, `/openapi/v3`, with its query if it has one.
    Path(String),
}

/// The address of a collection, an object or a subresource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceTarget {
    /// Group, version and plural.
    pub resource: GroupVersionResource,
    /// The namespace; empty for cluster-scoped resources and for a whole collection across namespaces.
    pub namespace: String,
    /// The object's name; empty for a collection.
    pub name: String,
    /// `status`, `scale`, `binding`, `log`; empty for the object itself.
    pub subresource: String,
}

/// What to do with the target.
#[derive(Debug)]
pub enum Call {
    /// Reads one object; `resource_version` of `0` allows any cached version.
    Get {
        /// At least this revision.
        resource_version: String,
    },
    /// Reads a collection.
    List(ListOptions),
    /// Follows a collection, or one object of it.
    Watch(ListOptions),
    /// Makes an object, or posts to a subresource (`binding`, `eviction`, `token`).
    Create(Body, WriteOptions),
    /// Replaces an object.
    Update(Body, WriteOptions),
    /// Changes parts of an object.
    Patch(PatchKind, Bytes, WriteOptions),
    /// Deletes one object.
    Delete(DeleteOptions),
    /// Deletes what the list options select.
    DeleteCollection(DeleteOptions, ListOptions),
    /// Reads from a subresource that is no object (`log`) with its query parameters in order.
    Connect(Vec<(String, String)>),
}

/// The object that a request carries.
#[derive(Debug)]
pub enum Body {
    /// As it came over a wire.
    Encoded(MediaType, Bytes),
    /// As the caller has it: in process it is never encoded on the way.
    Object(Box<dyn AnyObject>),
}

/// In what form a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

/// In what language a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatchKind {
    /// `application/json-patch+json`, RFC 6902.
    Json,
    /// `application/merge-patch+json`, RFC 7386.
    Merge,
    /// `application/strategic-merge-patch+json`.
    Strategic,
    /// `application/apply-patch+yaml`: server-side apply.
    Apply,
}

impl ResourceTarget {
    /// A whole collection, in one namespace or (with an empty one) in all.
    pub fn collection(resource: GroupVersionResource, namespace: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), ..Self::default() }
    }

    /// One object.
    pub fn object(resource: GroupVersionResource, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned(), subresource: String::new() }
    }

    /// The same object's subresource.
    pub fn subresource(mut self, subresource: &str) -> Self {
        subresource.clone_into(&mut self.subresource);
        self
    }
}

impl Call {
    /// The verb as authorization and audit name it.
    pub fn verb(&self, target: &Target) -> &'static str {
        let subresource = matches!(target, Target::Resource(t) if !t.subresource.is_empty());
        match self {
            Self::Get { .. } => "get",
            Self::List(_) => "list",
            Self::Watch(_) => "watch",
            Self::Create(..) => "create",
            Self::Update(..) => "update",
            Self::Patch(..) => "patch",
            Self::Delete(_) => "delete",
            Self::DeleteCollection(..) => "deletecollection",
            Self::Connect(_) if subresource => "get",
            Self::Connect(_) => "connect",
        }
    }
}

impl Body {
    /// The body as bytes, as they came or as JSON, for a transport over a wire.
    ///
    /// # Errors
    /// When a typed object cannot be encoded.
    pub fn encode(self) -> serde_json::Result<(MediaType, Bytes)> {
        match self {
            Self::Encoded(media, bytes) => Ok((media, bytes)),
            Self::Object(object) => Ok((MediaType::Json, object.to_json()?.into())),
        }
    }
}

impl MediaType {
    /// The name in HTTP headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }
}

impl PatchKind {
    /// The name in HTTP headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}
