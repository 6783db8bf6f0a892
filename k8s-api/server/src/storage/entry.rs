use std::sync::{Arc, OnceLock};

use k8s_api::Object;
use k8s_api_kinds::AnyStrategy;

/// An object in a watch cache with what selectors ask of it, computed at most once.
#[derive(Clone, Debug)]
pub(crate) struct Entry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    object: Object,
    fields: OnceLock<Vec<(&'static str, String)>>,
}

impl Entry {
    pub(crate) fn new(object: Object) -> Self {
        Self(Arc::new(Inner { object, fields: OnceLock::new() }))
    }

    pub(crate) fn object(&self) -> &Object {
        &self.0.object
    }

    /// The value of a field label; `None` when the kind has no such label.
    pub(crate) fn field(&self, label: &str, strategy: &dyn AnyStrategy) -> Option<&str> {
        let meta = self.0.object.meta();
        match label {
            "metadata.name" => Some(&meta.name),
            "metadata.namespace" => Some(&meta.namespace),
            _ => self.fields(strategy).iter().find(|(name, _)| *name == label).map(|(_, value)| value.as_str()),
        }
    }

    fn fields(&self, strategy: &dyn AnyStrategy) -> &[(&'static str, String)] {
        self.0.fields.get_or_init(|| match self.0.object.any(|bytes| strategy.decode_bytes(bytes)) {
            Ok(object) => strategy.field_labels(&*object),
            Err(_) => Vec::new(),
        })
    }
}
