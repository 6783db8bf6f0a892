//! Pods.
//!
//! Upstream: `pkg/registry/core/pod/strategy.go`.

mod app_armor;
mod create;
mod deletion;
mod disabled;
mod encoding;
mod ephemeral;
mod qos;
mod resize;
mod status;
mod update;
mod volume_sources;

pub(crate) mod defaults;
pub(crate) mod validation;
pub(crate) mod warnings;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, names};
use k8s_openapi::api::core::v1::{Pod as Object, PodSpec};

use crate::blank::{items, text};
use validation::Options;

pub(crate) use disabled::drop_fields;

pub use deletion::grace_period;
pub use qos::class as qos_class;

/// The strategy of pods.
///
/// Subresources: `status`, `ephemeralcontainers` and `resize`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pod;

const FIELD_LABELS: [&str; 8] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
];

impl Strategy for Pod {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts { grace_period: deletion::of_any, field_labels: &FIELD_LABELS, ..Facts::new() }
    }

    fn default(&self, pod: &mut Object) {
        canonical::meta(&mut pod.metadata);
        defaults::pod(pod);
    }

    fn prepare_for_create(&self, pod: &mut Object) {
        create::prepare(pod);
    }

    fn validate_create(&self, pod: &Object) -> ErrorList {
        let mut errors = validation::pod(pod, &Options::of(None).for_pod());
        let Some(spec) = &pod.spec else { return errors };
        let at = At::new("spec");
        if !items(&spec.ephemeral_containers).is_empty() {
            errors.push(Error::forbidden(&at.child("ephemeralContainers"), "cannot be set on create"));
        }
        if !text(&spec.node_name).is_empty() && !items(&spec.scheduling_gates).is_empty() {
            let detail = "cannot be set until all schedulingGates have been cleared";
            errors.push(Error::forbidden(&at.child("nodeName"), detail));
        }
        validation::annotations_match_fields(&pod.metadata, spec, &at, &mut errors);
        errors
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        drop_and_count(new, old);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        update::validate(new, old)
    }

    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut Object, old: &Object) {
        match subresource {
            "status" => status::prepare(new, old),
            "ephemeralcontainers" => update::keep_only_ephemeral_containers(new, old),
            "resize" => resize::keep_only_resources(new, old),
            _ => {}
        }
        drop_and_count(new, old);
    }

    fn validate_subresource_update(&self, subresource: &str, new: &Object, old: &Object) -> ErrorList {
        match subresource {
            "status" => status::validate(new, old),
            "ephemeralcontainers" => update::validate_ephemeral_containers(new, old),
            "resize" => resize::validate(new, old),
            _ => ErrorList::new(),
        }
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        if old.is_some() {
            return Vec::new();
        }
        let mut warnings = Vec::new();
        let name = new.metadata.name.as_deref().unwrap_or_default();
        if let Some(warning) = warnings::name("the Pod's hostname", name) {
            warnings.push(warning);
        }
        if let Some(spec) = &new.spec {
            warnings::spec(spec, &new.metadata, None, &mut warnings);
        }
        warnings
    }

    fn field_labels(&self, pod: &Object) -> Vec<(&'static str, String)> {
        let spec = |get: fn(&PodSpec) -> &Option<String>| {
            pod.spec.as_ref().map(|spec| text(get(spec)).to_owned()).unwrap_or_default()
        };
        let status = pod.status.as_ref();
        let host_network = pod.spec.as_ref().is_some_and(|spec| spec.host_network == Some(true));
        let ip = status.and_then(|status| items(&status.pod_ips).first()).map(|ip| ip.ip.clone());
        vec![
            ("spec.nodeName", spec(|spec| &spec.node_name)),
            ("spec.restartPolicy", spec(|spec| &spec.restart_policy)),
            ("spec.schedulerName", spec(|spec| &spec.scheduler_name)),
            ("spec.serviceAccountName", spec(|spec| &spec.service_account_name)),
            ("spec.hostNetwork", host_network.to_string()),
            ("status.phase", status.map(|status| text(&status.phase).to_owned()).unwrap_or_default()),
            ("status.podIP", ip.unwrap_or_default()),
            (
                "status.nominatedNodeName",
                status.map(|status| text(&status.nominated_node_name).to_owned()).unwrap_or_default(),
            ),
        ]
    }

    fn encode(&self, pod: &Object) -> serde_json::Result<Vec<u8>> {
        encoding::encode(pod)
    }
}

/// Drops what may not be added and counts a change of the spec.
fn drop_and_count(new: &mut Object, old: &Object) {
    if let Some(spec) = &mut new.spec {
        drop_fields(spec, old.spec.as_ref());
    }
    let changed = new.spec != old.spec;
    count(&mut new.metadata, &old.metadata, changed);
}

/// Whether a pod says it is for Windows.
pub(crate) fn is_windows(spec: &PodSpec) -> bool {
    spec.os.as_ref().is_some_and(|os| os.name == "windows")
}

/// Options for an update of a pod.
fn options(old: &Object) -> Options {
    Options::of(old.spec.as_ref().map(|spec| (spec, Some(&old.metadata)))).for_pod()
}

/// Whether a name is no DNS label.
fn is_no_label(name: &str) -> Option<Vec<std::borrow::Cow<'static, str>>> {
    Some(names::dns1123_label(name)).filter(|messages| !messages.is_empty())
}
