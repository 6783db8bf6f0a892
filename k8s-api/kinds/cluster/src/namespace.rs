//! Namespaces.
//!
//! Upstream: `pkg/registry/core/namespace`, `ValidateNamespace*`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::metadata::{STANDARD_FINALIZERS, invalid};
use k8s_api_kinds::{At, Facts, NameRule, Strategy, canonical, count, names, tidy};
use k8s_openapi::api::core::v1::{Namespace, NamespaceStatus};

use crate::checks::{no_warnings, text};

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const FINALIZER: &str = "kubernetes";

/// The strategy of namespaces, and of their `finalize` subresource.
#[derive(Clone, Copy, Debug)]
pub struct Namespaces;

impl Strategy for Namespaces {
    type Object = Namespace;

    fn facts(&self) -> Facts {
        Facts { name: NameRule::Label, field_labels: &["status.phase"], ..Facts::new() }
    }

    fn default(&self, namespace: &mut Namespace) {
        canonical::meta(&mut namespace.metadata);
        label(namespace);
        let spec = namespace.spec.get_or_insert_default();
        tidy!(spec => finalizers);
        let status = namespace.status.get_or_insert_default();
        tidy!(status => conditions, phase);
        status.phase.get_or_insert_with(|| "Active".to_owned());
    }

    fn prepare_for_create(&self, namespace: &mut Namespace) {
        label(namespace);
        namespace.status = Some(NamespaceStatus { phase: Some("Active".to_owned()), ..NamespaceStatus::default() });
        let finalizers = namespace.spec.get_or_insert_default().finalizers.get_or_insert_default();
        if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
    }

    fn validate_create(&self, namespace: &Namespace) -> ErrorList {
        let spec = At::new("spec");
        let at = spec.child("finalizers");
        let mut errors = ErrorList::new();
        for finalizer in finalizers(namespace) {
            validate_finalizer(&mut errors, finalizer, &at);
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Namespace, old: &Namespace) {
        label(new);
        new.spec.clone_from(&old.spec);
        new.status.clone_from(&old.status);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Namespace, _: &Namespace) -> ErrorList {
        self.validate_create(new)
    }

    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut Namespace, old: &Namespace) {
        if subresource == "finalize" {
            new.status.clone_from(&old.status);
        } else {
            new.spec.clone_from(&old.spec);
        }
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, subresource: &str, new: &Namespace, _: &Namespace) -> ErrorList {
        let mut errors = ErrorList::new();
        if subresource == "finalize" {
            let spec = At::new("spec");
            let at = spec.child("finalizers");
            for (i, finalizer) in finalizers(new).iter().enumerate() {
                validate_finalizer(&mut errors, finalizer, &at.index(i));
            }
        } else {
            errors.extend(wrong_phase(new));
        }
        errors
    }

    fn field_labels(&self, namespace: &Namespace) -> Vec<(&'static str, String)> {
        vec![("status.phase", phase(namespace).to_owned())]
    }

    no_warnings!();
}

fn label(namespace: &mut Namespace) {
    if let Some(name) = namespace.metadata.name.as_ref().filter(|name| !name.is_empty()) {
        let labels = namespace.metadata.labels.get_or_insert_default();
        if labels.get(NAME_LABEL) != Some(name) {
            labels.insert(NAME_LABEL.to_owned(), name.clone());
        }
    }
}

fn finalizers(namespace: &Namespace) -> &[String] {
    namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_deref()).unwrap_or_default()
}

fn phase(namespace: &Namespace) -> &str {
    namespace.status.as_ref().map_or("", |status| text(&status.phase))
}

fn validate_finalizer(errors: &mut ErrorList, finalizer: &str, at: &At<'_>) {
    invalid(errors, at, finalizer, names::qualified_name(finalizer));
    if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        errors.push(Error::invalid(at, finalizer, detail));
    }
}

fn wrong_phase(namespace: &Namespace) -> Option<Error> {
    let (wanted, state) = if namespace.metadata.deletion_timestamp.is_none() {
        ("Active", "empty")
    } else {
        ("Terminating", "not empty")
    };
    (phase(namespace) != wanted).then(|| {
        let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {state}");
        // Upstream's path has the Go name of the field.
        Error::invalid("status.Phase", phase(namespace), detail)
    })
}
