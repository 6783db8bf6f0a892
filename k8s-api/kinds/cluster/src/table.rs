use std::sync::Arc;

use k8s_api::registry::{Registry, ResourceInfo};
use k8s_api::{GroupVersionResource, Kind};
use k8s_api_kinds::{AnyStrategy, Facts, Generic, NameRule, Strategy};

use crate::{
    config_map, endpoint_slice, endpoints, event, lease, namespace, node, secret, service, service_account,
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
    for (resource, facts) in GENERIC {
        let (name, group, version) = split(resource);
        if let Some(info) = snapshot.resource(group, version, name) {
            all.push((info.gvr.clone(), Arc::new(generic(info, *facts, COUNTING.contains(resource)))));
        }
    }
    all
}

fn entry<S: Strategy>(strategy: S) -> (GroupVersionResource, Arc<dyn AnyStrategy>) {
    (S::Object::gvr(), Arc::new(strategy))
}

fn generic(info: &ResourceInfo, facts: Facts, counts: bool) -> Generic {
    let status = info.subresource("status").is_some();
    Generic::builtin(&info.gvk(), facts).with_status(status).counting(counts)
}

/// `name.group/version` in its parts; the core group has no name.
fn split(resource: &str) -> (&str, &str, &str) {
    let (name, version) = resource.split_once('/').unwrap_or((resource, ""));
    let (name, group) = name.split_once('.').unwrap_or((name, ""));
    (name, group, version)
}

const PLAIN: Facts = Facts::new();
const PATH: Facts = Facts { name: NameRule::PathSegment, ..Facts::new() };
/// Kinds whose validation does not ask for standard finalizers.
const ANY_FINALIZER: Facts = Facts { standard_finalizers: false, ..Facts::new() };

const GENERIC: &[(&str, Facts)] = &[
    ("limitranges/v1", PLAIN),
    ("persistentvolumeclaims/v1", PLAIN),
    ("persistentvolumes/v1", PLAIN),
    ("resourcequotas/v1", PLAIN),
    ("mutatingadmissionpolicies.admissionregistration.k8s.io/v1", ANY_FINALIZER),
    ("mutatingadmissionpolicybindings.admissionregistration.k8s.io/v1", ANY_FINALIZER),
    ("mutatingwebhookconfigurations.admissionregistration.k8s.io/v1", ANY_FINALIZER),
    ("validatingadmissionpolicies.admissionregistration.k8s.io/v1", ANY_FINALIZER),
    ("validatingadmissionpolicybindings.admissionregistration.k8s.io/v1", ANY_FINALIZER),
    ("validatingwebhookconfigurations.admissionregistration.k8s.io/v1", ANY_FINALIZER),
    ("customresourcedefinitions.apiextensions.k8s.io/v1", ANY_FINALIZER),
    ("apiservices.apiregistration.k8s.io/v1", ANY_FINALIZER),
    ("horizontalpodautoscalers.autoscaling/v1", PLAIN),
    ("horizontalpodautoscalers.autoscaling/v2", PLAIN),
    ("certificatesigningrequests.certificates.k8s.io/v1", PLAIN),
    ("flowschemas.flowcontrol.apiserver.k8s.io/v1", PLAIN),
    ("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io/v1", PLAIN),
    ("ingressclasses.networking.k8s.io/v1", PLAIN),
    ("ingresses.networking.k8s.io/v1", PLAIN),
    ("ipaddresses.networking.k8s.io/v1", PLAIN),
    ("networkpolicies.networking.k8s.io/v1", PLAIN),
    ("servicecidrs.networking.k8s.io/v1", PLAIN),
    ("runtimeclasses.node.k8s.io/v1", PLAIN),
    ("clusterrolebindings.rbac.authorization.k8s.io/v1", PATH),
    ("clusterroles.rbac.authorization.k8s.io/v1", PATH),
    ("rolebindings.rbac.authorization.k8s.io/v1", PATH),
    ("roles.rbac.authorization.k8s.io/v1", PATH),
    ("deviceclasses.resource.k8s.io/v1", PLAIN),
    ("resourceclaims.resource.k8s.io/v1", PLAIN),
    ("resourceclaimtemplates.resource.k8s.io/v1", PLAIN),
    ("resourceslices.resource.k8s.io/v1", PLAIN),
    ("priorityclasses.scheduling.k8s.io/v1", PLAIN),
    ("csidrivers.storage.k8s.io/v1", PLAIN),
    ("csinodes.storage.k8s.io/v1", PLAIN),
    ("csistoragecapacities.storage.k8s.io/v1", PLAIN),
    ("storageclasses.storage.k8s.io/v1", PLAIN),
    ("volumeattachments.storage.k8s.io/v1", PLAIN),
    ("volumeattributesclasses.storage.k8s.io/v1", PLAIN),
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
    "priorityclasses.scheduling.k8s.io/v1",
    "deviceclasses.resource.k8s.io/v1",
    "resourceslices.resource.k8s.io/v1",
];
