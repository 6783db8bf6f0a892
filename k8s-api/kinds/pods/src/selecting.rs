//! Kinds whose type has no room for an absent selector.
//!
//! A body with `selector: {}` and one without a selector decode to the same object, and are two different mistakes. The
//! first is told apart while it is still a tree: it gets an empty map of labels, which [`crate::template::given`] sees.

use k8s_api::AnyObject;
use k8s_api::field::ErrorList;
use k8s_api_kinds::{AnyStrategy, Facts};
use serde_json::{Value, json};

/// A strategy of such a kind.
pub(crate) struct Selecting<S>(pub(crate) S);

fn mark_empty_selector(tree: &mut Value) {
    if let Some(selector) = tree.pointer_mut("/spec/selector")
        && selector.as_object().is_some_and(serde_json::Map::is_empty)
    {
        *selector = json!({"matchLabels": {}});
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: AnyStrategy> AnyStrategy for Selecting<S> {
    fn decode(&self, mut tree: Value) -> serde_json::Result<Box<dyn AnyObject>> {
        mark_empty_selector(&mut tree);
        self.0.decode(tree)
    }

    fn decode_bytes(&self, bytes: &[u8]) -> serde_json::Result<Box<dyn AnyObject>> {
        self.0.decode_bytes(bytes)
    }

    fn accepts(&self, object: &dyn AnyObject) -> bool {
        self.0.accepts(object)
    }

    fn facts(&self) -> Facts {
        self.0.facts()
    }

    fn default(&self, object: &mut dyn AnyObject) {
        self.0.default(object);
    }

    fn prepare_for_create(&self, object: &mut dyn AnyObject) {
        self.0.prepare_for_create(object);
    }

    fn validate_create(&self, object: &dyn AnyObject) -> ErrorList {
        self.0.validate_create(object)
    }

    fn prepare_for_update(&self, new: &mut dyn AnyObject, old: &dyn AnyObject) {
        self.0.prepare_for_update(new, old);
    }

    fn validate_update(&self, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList {
        self.0.validate_update(new, old)
    }

    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut dyn AnyObject, old: &dyn AnyObject) {
        self.0.prepare_for_subresource_update(subresource, new, old);
    }

    fn validate_subresource_update(&self, subresource: &str, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList {
        self.0.validate_subresource_update(subresource, new, old)
    }

    fn warnings(&self, new: &dyn AnyObject, old: Option<&dyn AnyObject>) -> Vec<String> {
        self.0.warnings(new, old)
    }

    fn field_labels(&self, object: &dyn AnyObject) -> Vec<(&'static str, String)> {
        self.0.field_labels(object)
    }

    fn encode(&self, object: &dyn AnyObject) -> serde_json::Result<Vec<u8>> {
        self.0.encode(object)
    }
}
