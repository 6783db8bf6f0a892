#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::AnyObject;
use k8s_api_kinds::metadata;
use k8s_openapi::api::core::v1::{Node, Service, ServiceSpec, Taint};
use serde_json::{Value, json};

use super::record::{Case, Place, Verdict, causes, mask, place, warnings};

pub(super) fn judge(case: &Case, _: &[Case]) -> Verdict {
    let Some(place) = place(&case.request.path) else { return Verdict::Skipped };
    let masked = case.request.body.to_string().contains("<clusterIP>");
    if !case.request.body.is_object() || masked || elsewhere(case) {
        return Verdict::Skipped;
    }
    let Ok(mut object) = place.strategy.decode(case.request.body.clone()) else { return Verdict::Skipped };
    prepare(&place, object.as_mut(), &case.response.body);
    let meta = metadata::validate_create(object.meta(), place.info.namespaced, &place.strategy.facts());
    let errors: Vec<_> = meta.into_iter().chain(place.strategy.validate_create(object.as_ref())).collect();
    let answer = &case.response;
    if answer.status == 422 {
        return Verdict::compare(&causes(&errors), &ordered(&answer.body["details"]["causes"]));
    }
    if !errors.is_empty() {
        return Verdict::Differs(format!("   got {}", causes(&errors)));
    }
    let told = place.strategy.warnings(object.as_ref(), None);
    let got: Value = serde_json::from_slice(&place.strategy.encode(object.as_ref()).unwrap()).unwrap();
    Verdict::compare(
        &json!({"object": mask(got), "warnings": told}),
        &json!({"object": mask(answer.body.clone()), "warnings": warnings(answer)}),
    )
}

/// Cases that admission, allocation or decoding decide.
fn elsewhere(case: &Case) -> bool {
    let message = case.response.body["message"].as_str().unwrap_or_default();
    !matches!(case.response.status, 201 | 422)
        || message.contains("provided port is already allocated")
        || message.contains("failed to allocate")
        || message.contains("not configured for dual-stack")
}

fn ordered(causes: &Value) -> Value {
    let strip =
        |cause: &Value| json!({"field": cause["field"], "message": cause["message"], "reason": cause["reason"]});
    causes.as_array().into_iter().flatten().map(strip).collect()
}

pub(super) fn prepare(place: &Place, object: &mut dyn AnyObject, answer: &Value) {
    object.meta_mut().namespace.clone_from(&place.namespace);
    object.meta_mut().resource_version = None;
    place.strategy.default(object);
    place.strategy.prepare_for_create(object);
    if let Some(service) = object.as_any_mut().downcast_mut::<Service>() {
        allocate(service, answer);
    }
    admit(object);
}

/// What admission adds by default.
fn admit(object: &mut dyn AnyObject) {
    if let Some(node) = object.as_any_mut().downcast_mut::<Node>() {
        let taint =
            Taint { key: "node.kubernetes.io/not-ready".into(), effect: "NoSchedule".into(), ..Taint::default() };
        node.spec.get_or_insert_default().taints.get_or_insert_default().push(taint);
    }
    let finalizer = match &*object.gvk().kind {
        "PersistentVolume" => "kubernetes.io/pv-protection",
        "PersistentVolumeClaim" => "kubernetes.io/pvc-protection",
        "VolumeAttributesClass" => "kubernetes.io/vac-protection",
        _ => return,
    };
    object.meta_mut().finalizers.get_or_insert_default().push(finalizer.to_owned());
}

/// What the server would have allocated, as it stands in its answer.
pub(super) fn allocate(service: &mut Service, answer: &Value) {
    use k8s_api_kinds_cluster::service::{needs_cluster_ip, needs_health_check_port, needs_node_port};
    let (addresses, ports, health) =
        (needs_cluster_ip(service), needs_node_port(service), needs_health_check_port(service));
    let Ok(answer) = serde_json::from_value::<ServiceSpec>(answer["spec"].clone()) else { return };
    let Some(spec) = &mut service.spec else { return };
    if addresses {
        spec.cluster_ip = spec.cluster_ip.take().or(answer.cluster_ip);
        spec.cluster_ips = spec.cluster_ips.take().or(answer.cluster_ips);
        spec.ip_families = answer.ip_families;
        spec.ip_family_policy = answer.ip_family_policy;
    }
    if ports && spec.allocate_load_balancer_node_ports != Some(false) {
        for (port, answer) in spec.ports.iter_mut().flatten().zip(answer.ports.into_iter().flatten()) {
            port.node_port = port.node_port.or(answer.node_port);
        }
    }
    if health {
        spec.health_check_node_port = spec.health_check_node_port.or(answer.health_check_node_port);
    }
}
