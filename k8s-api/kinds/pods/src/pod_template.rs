//! PodTemplates as objects of their own.
//!
//! Upstream: `pkg/registry/core/podtemplate/strategy.go`.

use k8s_api::field::ErrorList;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count};
use k8s_openapi::api::core::v1::PodTemplate as Object;

use crate::pod::warnings;
use crate::template;

/// The strategy of PodTemplates.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodTemplate;

impl Strategy for PodTemplate {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, object: &mut Object) {
        canonical::meta(&mut object.metadata);
        template::default(object.template.get_or_insert_default());
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.metadata.generation = Some(1);
        if let Some(template) = &mut object.template {
            template::drop_fields(template, None);
        }
    }

    fn validate_create(&self, object: &Object) -> ErrorList {
        validate(object, None)
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        if let Some(template) = &mut new.template {
            template::drop_fields(template, old.template.as_ref());
        }
        let changed = new.template != old.template;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate(new, Some(old))
    }

    fn prepare_for_subresource_update(&self, _: &str, _: &mut Object, _: &Object) {}

    fn validate_subresource_update(&self, _: &str, _: &Object, _: &Object) -> ErrorList {
        ErrorList::new()
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let same = old.is_some_and(|old| old.metadata.generation == new.metadata.generation);
        match &new.template {
            Some(template) if !same => warnings::template(template, &At::new("template")),
            _ => Vec::new(),
        }
    }

    fn field_labels(&self, _: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn validate(new: &Object, old: Option<&Object>) -> ErrorList {
    let mut errors = ErrorList::new();
    if let Some(template) = &new.template {
        let options = template::options(old.and_then(|old| old.template.as_ref()));
        template::validate(template, &options, &At::new("template"), &mut errors);
    }
    errors
}
