//! Services.
//!
//! Which addresses and ports a service gets is the server's to say, between preparing and validating; what a client may
//! write and change is said here.
//!
//! Upstream: `pkg/registry/core/service`, `pkg/apis/core/v1/defaults.go`, `ValidateService*`.

mod addresses;
mod change;
mod default;
mod spec;
mod status;
mod warnings;

pub use addresses::{needs_cluster_ip, needs_health_check_port, needs_node_port};
use k8s_api::field::ErrorList;
use k8s_api_kinds::{Facts, NameRule, Strategy, count};
use k8s_openapi::api::core::v1::Service;
pub use spec::validate_cluster_ips;

use crate::checks::text;

/// The strategy of services.
#[derive(Clone, Copy, Debug)]
pub struct Services;

impl Strategy for Services {
    type Object = Service;

    fn facts(&self) -> Facts {
        Facts {
            name: NameRule::Label,
            create_on_update: true,
            field_labels: &["spec.clusterIP", "spec.type"],
            ..Facts::new()
        }
    }

    fn default(&self, service: &mut Service) {
        default::apply(service);
    }

    fn prepare_for_create(&self, service: &mut Service) {
        service.status = Some(default::empty_status());
        addresses::normalize(service, None);
    }

    fn validate_create(&self, service: &Service) -> ErrorList {
        spec::validate(service, None)
    }

    fn prepare_for_update(&self, new: &mut Service, old: &Service) {
        addresses::keep_allocated(new, old);
        addresses::normalize(new, Some(old));
        new.status.clone_from(&old.status);
        change::drop_what_the_type_has_no_use_for(new, old);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Service, old: &Service) -> ErrorList {
        let mut errors = change::validate(new, old);
        errors.extend(spec::validate(new, Some(old)));
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Service, old: &Service) {
        new.spec.clone_from(&old.spec);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Service, old: &Service) -> ErrorList {
        status::validate(new, old)
    }

    fn warnings(&self, new: &Service, _: Option<&Service>) -> Vec<String> {
        warnings::of(new)
    }

    fn field_labels(&self, service: &Service) -> Vec<(&'static str, String)> {
        let Some(spec) = &service.spec else { return Vec::new() };
        vec![("spec.clusterIP", text(&spec.cluster_ip).to_owned()), ("spec.type", text(&spec.type_).to_owned())]
    }
}

pub(crate) fn kind_of(service: &Service) -> &str {
    service.spec.as_ref().map_or("", |spec| text(&spec.type_))
}

/// Whether a service has the address `None`, and it alone.
pub(crate) fn is_headless(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.cluster_ips.as_deref()).is_some_and(|ips| ips == ["None"])
}

/// Whether traffic from outside may reach a service.
pub(crate) fn externally_accessible(service: &Service) -> bool {
    matches!(kind_of(service), "LoadBalancer" | "NodePort")
        || (kind_of(service) == "ClusterIP"
            && service.spec.as_ref().is_some_and(|s| s.external_ips.as_ref().is_some_and(|ips| !ips.is_empty())))
}
