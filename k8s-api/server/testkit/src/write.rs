use std::sync::Arc;

use k8s_api::registry::Registry;
use k8s_api::{GroupVersionKind, Status};
use k8s_api_client::{Body, Call, Client, DeleteOptions, MediaType, ResourceTarget, WriteOptions};
use serde_json::Value;

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
    Delete,
}

impl Verb {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "create" => Self::Create,
            "update" => Self::Update,
            "delete" => Self::Delete,
            other => panic!("{other:?} is neither create nor update nor delete"),
        }
    }
}

/// A write, and whether it goes through.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) verb: Verb,
    pub(crate) manifest: Arc<Value>,
    pub(crate) accepted: bool,
}

impl Write {
    pub(crate) fn parse(verb: Verb, manifest: &str, accepted: bool) -> Self {
        let manifest: Value = serde_saphyr::from_str(manifest).unwrap();
        Self { verb, manifest: Arc::new(manifest), accepted }
    }

    /// The address of the object, its namespace `default` unless it says another.
    pub(crate) fn target(&self) -> ResourceTarget {
        let word = |pointer: &str| self.manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = GroupVersionKind::parse(word("/apiVersion"), word("/kind"));
        let registry = Registry::builtin().snapshot();
        let info = registry.gvk(&kind).unwrap_or_else(|| panic!("there is no kind {}", kind.kind));
        let namespace = match word("/metadata/namespace") {
            "" if info.namespaced => "default",
            namespace => namespace,
        };
        ResourceTarget::object(info.gvr.clone(), namespace, word("/metadata/name"))
    }

    pub(crate) async fn send(&self, client: &Client) -> Result<(), Status> {
        let body = || Body::Encoded(MediaType::Json, self.manifest.to_string().into());
        let mut target = self.target();
        let call = match self.verb {
            Verb::Create => {
                target.name.clear();
                Call::Create(body(), WriteOptions::default())
            }
            Verb::Update => Call::Update(body(), WriteOptions::default()),
            Verb::Delete => Call::Delete(DeleteOptions::default()),
        };
        client.call(target, call).await.map(drop)
    }
}
