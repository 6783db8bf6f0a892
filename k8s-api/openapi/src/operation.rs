//! The operations of every path, before they take the form of one OpenAPI version.

mod name;
mod resource;
mod root;

use k8s_api::GroupVersionKind;

pub(crate) use resource::paths_of_version;
pub(crate) use root::{group_path, root_paths};

use crate::parameter::Parameter;

/// A path and what may be asked of it.
#[derive(Debug)]
pub(crate) struct PathItem {
    pub(crate) path: String,
    /// Those of all its operations, sorted.
    pub(crate) parameters: Vec<Parameter>,
    /// The kind which the description of the name parameter names.
    pub(crate) kind: String,
    pub(crate) operations: Vec<Operation>,
}

/// One method of a path.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) tag: String,
    /// `x-kubernetes-action` and `x-kubernetes-group-version-kind`.
    pub(crate) action: Option<(&'static str, GroupVersionKind)>,
    /// Sorted.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) consumes: &'static [&'static str],
    pub(crate) produces: &'static [&'static str],
    pub(crate) answer: Answer,
    /// Status codes with that answer.
    pub(crate) codes: &'static [u16],
}

/// What an operation takes.
#[derive(Debug)]
pub(crate) struct Body {
    /// Name of a type.
    pub(crate) ty: String,
    pub(crate) required: bool,
    /// Whether the media types are those of patches.
    pub(crate) is_patch: bool,
}

/// What an operation answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// An object of the type with this name.
    Type(String),
    /// Text or anything else.
    String,
}

pub(crate) const ANY: &[&str] = &["*/*"];
pub(crate) const JSON: &[&str] = &["application/json"];
pub(crate) const ROOT: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
pub(crate) const OBJECT: &[&str] =
    &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor"];
pub(crate) const STREAM: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/cbor",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
    "application/cbor-seq",
];
pub(crate) const LOG: &[&str] =
    &["text/plain", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor"];
pub(crate) const PATCH: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/apply-patch+cbor",
];

pub(crate) const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// A type of `meta/v1`.
pub(crate) fn meta(kind: &str) -> String {
    format!("{META}{kind}")
}

impl PathItem {
    /// Makes a path of its operations: what all of them take becomes the path's.
    pub(crate) fn new(path: String, kind: &str, own: &[Parameter], mut operations: Vec<Operation>) -> Self {
        let mut parameters = own.to_vec();
        if let Some((first, rest)) = operations.split_first() {
            let is_common = |one: &&Parameter| rest.iter().all(|operation| operation.parameters.contains(one));
            parameters.extend(first.parameters.iter().filter(is_common).copied());
        }
        parameters.sort_by_key(Parameter::order);
        for operation in &mut operations {
            operation.parameters.retain(|one| !parameters.contains(one));
            operation.parameters.sort_by_key(Parameter::order);
        }
        Self { path, parameters, kind: kind.to_owned(), operations }
    }
}
