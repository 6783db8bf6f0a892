use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, View};

use super::typed_reference;
use crate::checks::dns_label;
use crate::trees::{child, domain_prefixed_path, field, fill, fixed};

const SPEC: At<'static> = At::new("spec");
const MAX_CONTROLLER: usize = 250;

pub(crate) struct IngressClasses;

impl Rules for IngressClasses {
    fn default(&self, class: &mut DynamicObject) {
        if let Some(parameters) = child(&mut class.rest, "spec").and_then(|spec| child(spec, "parameters")) {
            fill(parameters, "scope", "Cluster");
        }
    }

    fn validate(&self, class: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(class, "spec");
        let controller = spec.get("controller").text();
        let at = SPEC.child("controller");
        if controller.len() > MAX_CONTROLLER {
            errors.push(Error::too_long(&at, MAX_CONTROLLER));
        }
        domain_prefixed_path(&mut errors, &at, controller);
        if spec.get("parameters").is_some() {
            validate_parameters(&mut errors, spec.get("parameters"), &SPEC.child("parameters"));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let controller = |class| field(class, "spec").get("controller");
        fixed(&mut errors, &SPEC.child("controller"), controller(new), controller(old));
        errors.extend(self.validate(new));
        errors
    }
}

fn validate_parameters(errors: &mut ErrorList, parameters: View<'_>, at: &At<'_>) {
    typed_reference(errors, parameters, at);
    let namespace = parameters.get("namespace");
    let namespace_at = at.child("namespace");
    match parameters.get("scope").text() {
        "Cluster" if namespace.is_some() => {
            errors.push(Error::forbidden(&namespace_at, "`parameters.scope` is set to 'Cluster'"));
        }
        "Cluster" => {}
        "Namespace" if namespace.is_none() => {
            errors.push(Error::required(&namespace_at, "`parameters.scope` is set to 'Namespace'"));
        }
        "Namespace" => dns_label(errors, &namespace_at, namespace.text()),
        other => errors.push(Error::not_supported(&at.child("scope"), other, &["Cluster", "Namespace"])),
    }
}
