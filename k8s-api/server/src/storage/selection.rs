use std::sync::Arc;

use k8s_api::selector::{FieldSelector, Selector};
use k8s_api_kinds::AnyStrategy;

use super::Entry;
use crate::resource::Resource;

/// Which objects of a collection a reader wants.
#[derive(Clone)]
pub(crate) struct Selection {
    /// Below the resource's prefix: empty, `NAMESPACE/` or `NAMESPACE/NAME`.
    pub(crate) scope: String,
    /// Whether `scope` is a whole key, not a prefix.
    pub(crate) exact: bool,
    pub(crate) labels: Selector,
    pub(crate) fields: FieldSelector,
    pub(crate) strategy: Arc<dyn AnyStrategy>,
}

impl Selection {
    /// All objects of a resource, or those in one namespace.
    pub(crate) fn all(resource: &Resource, namespace: &str) -> Self {
        Self {
            scope: if namespace.is_empty() { String::new() } else { format!("{namespace}/") },
            exact: false,
            labels: Selector::everything(),
            fields: FieldSelector::everything(),
            strategy: resource.strategy.clone(),
        }
    }

    /// Whether a key (without the resource's prefix) lies in scope.
    pub(crate) fn covers(&self, key: &str) -> bool {
        if self.exact { key == self.scope } else { key.starts_with(&self.scope) }
    }

    pub(crate) fn matches(&self, entry: &Entry) -> bool {
        (self.labels.is_everything() || self.labels.matches(&entry.object().meta().labels))
            && (self.fields.is_everything() || self.fields.matches(|label| entry.field(label, &*self.strategy)))
    }

    /// Whether everything in scope is wanted.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }
}
