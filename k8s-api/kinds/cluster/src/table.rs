use std::sync::Arc;

use k8s_api::registry::{Registry, ResourceInfo};
use k8s_api::{GroupVersionResource, Kind};
use k8s_api_kinds::{AnyStrategy, Facts, Generic, NameRule, Rules, Strategy};

use crate::{
    admission, api_service, autoscaler, certificate, config_map, controller_revision, csi, custom_resource, devices,
    endpoint_slice, endpoints, event, flow_control, ingress, lease, limit_range, namespace, network_policy, node,
    priority_class, rbac, resource_quota, runtime_class, secret, service, service_account, service_cidr, storage_class,
    volume,
};

/// Every kind of this crate with its strategy: those with rules of their own, and all the others that the server stores
/// and no other crate has rules for, under the generic one.
pub fn strategies() -> Vec<(GroupVersionResource, Arc<dyn AnyStrategy>)> {
    let mut all = vec![
        entry(config_map::ConfigMaps),
        entry(endpoint_slice::EndpointSlices),
        entry(endpoints::EndpointsKind),
        entry(event::Events),
        entry(event::EventsV1),
        entry(lease::Leases),
        entry(namespace::Namespaces),
        entry(node::Nodes),
        entry(secret::Secrets),
        entry(service::Services),
        entry(service_account::ServiceAccounts),
    ];
    let snapshot = Registry::builtin().snapshot();
    for (resource, facts, rules) in GENERIC {
        let (name, group, version) = split(resource);
        if let Some(info) = snapshot.resource(group, version, name) {
            all.push((info.gvr.clone(), Arc::new(generic(info, *facts, *rules, COUNTING.contains(resource)))));
        }
    }
    all
}

fn entry<S: Strategy>(strategy: S) -> (GroupVersionResource, Arc<dyn AnyStrategy>) {
    (S::Object::gvr(), Arc::new(strategy))
}

fn generic(info: &ResourceInfo, facts: Facts, rules: Option<&'static dyn Rules>, counts: bool) -> Generic {
    let status = info.subresource("status").is_some();
    let plain = Generic::builtin(&info.gvk(), facts).with_status(status).counting(counts);
    match rules {
        Some(rules) => plain.with_rules(rules),
        None => plain,
    }
}

/// `name.group/version` in its parts; the core group has no name.
fn split(resource: &str) -> (&str, &str, &str) {
    let (name, version) = resource.split_once('/').unwrap_or((resource, ""));
    let (name, group) = name.split_once('.').unwrap_or((name, ""));
    (name, group, version)
}

const PLAIN: Facts = Facts::new();
/// Kinds whose updates must say which version they change.
const CONDITIONAL: Facts = Facts { unconditional_update: false, ..PLAIN };
/// Kinds that a PUT may create.
const PUT_CREATES: Facts = Facts { create_on_update: true, ..PLAIN };
const RBAC: Facts = Facts { name: NameRule::PathSegment, ..PUT_CREATES };
const RUNTIME_CLASS: Facts = Facts { create_on_update: true, ..CONDITIONAL };
/// Kinds whose name is checked by their rules.
const OWN_NAME: Facts = Facts { name: NameRule::PathSegment, ..PLAIN };
/// Kinds whose validation does not ask for standard finalizers.
const ANY_FINALIZER: Facts = Facts { standard_finalizers: false, ..CONDITIONAL };
const API_SERVICE: Facts = Facts { name: NameRule::PathSegment, ..ANY_FINALIZER };
const SIGNING: Facts = Facts { field_labels: &["spec.signerName"], ..PLAIN };
const SLICES: Facts = Facts { field_labels: &["spec.driver", "spec.nodeName"], ..PLAIN };

const GENERIC: &[(&str, Facts, Option<&'static dyn Rules>)] = &[
    ("limitranges/v1", PUT_CREATES, Some(&limit_range::LimitRanges)),
    ("persistentvolumeclaims/v1", PLAIN, Some(&volume::Claims)),
    ("persistentvolumes/v1", PLAIN, Some(&volume::Volumes)),
    ("resourcequotas/v1", PLAIN, Some(&resource_quota::ResourceQuotas)),
    (
        "mutatingadmissionpolicies.admissionregistration.k8s.io/v1",
        ANY_FINALIZER,
        Some(&admission::Policies { mutating: true }),
    ),
    (
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io/v1",
        ANY_FINALIZER,
        Some(&admission::Bindings { mutating: true }),
    ),
    (
        "mutatingwebhookconfigurations.admissionregistration.k8s.io/v1",
        ANY_FINALIZER,
        Some(&admission::Webhooks { mutating: true }),
    ),
    (
        "validatingadmissionpolicies.admissionregistration.k8s.io/v1",
        ANY_FINALIZER,
        Some(&admission::Policies { mutating: false }),
    ),
    (
        "validatingadmissionpolicybindings.admissionregistration.k8s.io/v1",
        ANY_FINALIZER,
        Some(&admission::Bindings { mutating: false }),
    ),
    (
        "validatingwebhookconfigurations.admissionregistration.k8s.io/v1",
        ANY_FINALIZER,
        Some(&admission::Webhooks { mutating: false }),
    ),
    ("customresourcedefinitions.apiextensions.k8s.io/v1", ANY_FINALIZER, Some(&custom_resource::Definitions)),
    ("apiservices.apiregistration.k8s.io/v1", API_SERVICE, Some(&api_service::ApiServices)),
    ("controllerrevisions.apps/v1", PLAIN, Some(&controller_revision::ControllerRevisions)),
    ("horizontalpodautoscalers.autoscaling/v1", PLAIN, Some(&autoscaler::AutoscalersV1)),
    ("horizontalpodautoscalers.autoscaling/v2", PLAIN, Some(&autoscaler::Autoscalers)),
    ("certificatesigningrequests.certificates.k8s.io/v1", SIGNING, Some(&certificate::SigningRequests)),
    ("flowschemas.flowcontrol.apiserver.k8s.io/v1", PLAIN, Some(&flow_control::FlowSchemas)),
    ("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io/v1", PLAIN, Some(&flow_control::PriorityLevels)),
    ("ingressclasses.networking.k8s.io/v1", PLAIN, Some(&ingress::IngressClasses)),
    ("ingresses.networking.k8s.io/v1", PLAIN, Some(&ingress::Ingresses)),
    ("ipaddresses.networking.k8s.io/v1", OWN_NAME, Some(&service_cidr::IpAddresses)),
    ("networkpolicies.networking.k8s.io/v1", PLAIN, Some(&network_policy::NetworkPolicies)),
    ("servicecidrs.networking.k8s.io/v1", PLAIN, Some(&service_cidr::ServiceCidrs)),
    ("runtimeclasses.node.k8s.io/v1", RUNTIME_CLASS, Some(&runtime_class::RuntimeClasses)),
    ("clusterrolebindings.rbac.authorization.k8s.io/v1", RBAC, Some(&rbac::Bindings { namespaced: false })),
    ("clusterroles.rbac.authorization.k8s.io/v1", RBAC, Some(&rbac::Roles { namespaced: false })),
    ("rolebindings.rbac.authorization.k8s.io/v1", RBAC, Some(&rbac::Bindings { namespaced: true })),
    ("roles.rbac.authorization.k8s.io/v1", RBAC, Some(&rbac::Roles { namespaced: true })),
    ("deviceclasses.resource.k8s.io/v1", PLAIN, Some(&devices::Classes)),
    ("resourceclaims.resource.k8s.io/v1", PLAIN, Some(&devices::Claims { template: false })),
    ("resourceclaimtemplates.resource.k8s.io/v1", PLAIN, Some(&devices::Claims { template: true })),
    ("resourceslices.resource.k8s.io/v1", SLICES, Some(&devices::Slices)),
    ("priorityclasses.scheduling.k8s.io/v1", PLAIN, Some(&priority_class::PriorityClasses)),
    ("csidrivers.storage.k8s.io/v1", CONDITIONAL, Some(&csi::Drivers)),
    ("csinodes.storage.k8s.io/v1", CONDITIONAL, Some(&csi::Nodes)),
    ("csistoragecapacities.storage.k8s.io/v1", CONDITIONAL, Some(&csi::Capacities)),
    ("storageclasses.storage.k8s.io/v1", PLAIN, Some(&storage_class::StorageClasses)),
    ("volumeattachments.storage.k8s.io/v1", CONDITIONAL, Some(&csi::Attachments)),
    ("volumeattributesclasses.storage.k8s.io/v1", PLAIN, Some(&storage_class::VolumeAttributesClasses)),
];

/// Kinds whose generation counts changes.
const COUNTING: &[&str] = &[
    "mutatingadmissionpolicies.admissionregistration.k8s.io/v1",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io/v1",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io/v1",
    "validatingadmissionpolicies.admissionregistration.k8s.io/v1",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io/v1",
    "validatingwebhookconfigurations.admissionregistration.k8s.io/v1",
    "customresourcedefinitions.apiextensions.k8s.io/v1",
    "flowschemas.flowcontrol.apiserver.k8s.io/v1",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io/v1",
    "ingressclasses.networking.k8s.io/v1",
    "ingresses.networking.k8s.io/v1",
    "networkpolicies.networking.k8s.io/v1",
    "deviceclasses.resource.k8s.io/v1",
    "resourceslices.resource.k8s.io/v1",
];
