//! Nodes.
//!
//! Upstream: `pkg/registry/core/node`, `ValidateNode*`.

mod annotations;

use k8s_api::field::{Error, ErrorList, Shown};
use k8s_api_kinds::shown::{json, object};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, ip, labels, names, tidy};
use k8s_openapi::api::core::v1::{Node, NodeSpec, NodeStatus, Taint};

use crate::checks::text;
use crate::resources::{self, validate_value};

const POD_CIDRS_FIXED: &str = r#"node updates may not change podCIDR except from "" to valid"#;
const PROVIDER_FIXED: &str = r#"node updates may not change providerID except from "" to valid"#;
const MAX_FEATURE_NAME: usize = 253;

/// The strategy of nodes.
#[derive(Clone, Copy, Debug)]
pub struct Nodes;

impl Strategy for Nodes {
    type Object = Node;

    fn facts(&self) -> Facts {
        Facts { field_labels: &["spec.unschedulable"], ..Facts::new() }
    }

    fn default(&self, node: &mut Node) {
        canonical::meta(&mut node.metadata);
        let spec = node.spec.get_or_insert_default();
        tidy!(spec => external_id, pod_cidr, pod_cidrs, provider_id, taints, unschedulable);
        link_pod_cidrs(spec);
        for taint in spec.taints.iter_mut().flatten() {
            tidy!(taint => value);
        }
        default_status(node.status.get_or_insert_default());
    }

    fn prepare_for_create(&self, node: &mut Node) {
        if let Some(spec) = &mut node.spec {
            spec.config_source = None;
        }
        if let Some(status) = &mut node.status {
            status.config = None;
        }
    }

    fn validate_create(&self, node: &Node) -> ErrorList {
        let mut errors = annotations::validate(node);
        validate_taints(&mut errors, taints(node), &At::new("metadata").child("taints"));
        validate_resources(&mut errors, node);
        let swap = node.status.as_ref().and_then(|s| s.node_info.as_ref()).and_then(|info| info.swap.as_ref());
        if let Some(capacity) = swap.and_then(|swap| swap.capacity).filter(|capacity| *capacity <= 0) {
            errors.push(Error::invalid("metadata.nodeSwapStatus.capacity", capacity, "must be greater than zero"));
        }
        validate_features(&mut errors, node);
        validate_pod_cidrs(&mut errors, node);
        errors
    }

    fn prepare_for_update(&self, new: &mut Node, old: &Node) {
        new.status.clone_from(&old.status);
        if let Some(spec) = &mut new.spec
            && old.spec.as_ref().is_none_or(|old| old.config_source.is_none())
        {
            spec.config_source = None;
        }
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Node, old: &Node) -> ErrorList {
        // Upstream runs both, and what both find is reported twice.
        let mut errors = self.validate_create(new);
        errors.extend(validate_change(new, old));
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Node, old: &Node) {
        new.spec.clone_from(&old.spec);
        if let Some(status) = &mut new.status
            && old.status.as_ref().is_none_or(|old| old.config.is_none())
        {
            status.config = None;
        }
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Node, old: &Node) -> ErrorList {
        validate_change(new, old)
    }

    fn warnings(&self, new: &Node, _: Option<&Node>) -> Vec<String> {
        let mut warnings = Vec::new();
        let Some(spec) = &new.spec else { return warnings };
        if spec.config_source.is_some() {
            warnings.push("spec.configSource: the feature is removed".to_owned());
        }
        if !text(&spec.external_id).is_empty() {
            warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
        }
        let at = At::new("spec");
        let at = at.child("podCIDRs");
        for (i, range) in pod_cidrs(new).iter().enumerate() {
            warnings.extend(ip::warnings_for_cidr(range, &at.index(i)));
        }
        warnings
    }

    fn field_labels(&self, node: &Node) -> Vec<(&'static str, String)> {
        let unschedulable = node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false);
        vec![("spec.unschedulable", unschedulable.to_string())]
    }
}

/// The singular field is for old clients: it rules over the list, and follows it.
fn link_pod_cidrs(spec: &mut NodeSpec) {
    let first = spec.pod_cidrs.as_ref().and_then(|list| list.first());
    match (&spec.pod_cidr, first) {
        (Some(one), first) if first != Some(one) => spec.pod_cidrs = Some(vec![one.clone()]),
        (None, Some(first)) => spec.pod_cidr = Some(first.clone()),
        _ => {}
    }
}

fn default_status(status: &mut NodeStatus) {
    tidy!(status => addresses, conditions, declared_features, images, phase, runtime_handlers, volumes_attached,
        volumes_in_use);
    resources::canonical(&mut status.capacity);
    resources::canonical(&mut status.allocatable);
    if status.allocatable.is_none() {
        status.allocatable.clone_from(&status.capacity);
    }
    status.daemon_endpoints.get_or_insert_default().kubelet_endpoint.get_or_insert_default();
    status.node_info.get_or_insert_default();
}

fn taints(node: &Node) -> &[Taint] {
    node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
}

fn pod_cidrs(node: &Node) -> &[String] {
    node.spec.as_ref().and_then(|spec| spec.pod_cidrs.as_deref()).unwrap_or_default()
}

fn validate_taints(errors: &mut ErrorList, taints: &[Taint], list: &At<'_>) {
    for (i, taint) in taints.iter().enumerate() {
        let at = list.index(i);
        errors.extend(labels::validate_label_name(&taint.key, &at.child("key")));
        let value = text(&taint.value);
        let messages = names::label_value(value);
        if !messages.is_empty() {
            errors.push(Error::invalid(&at.child("value"), value, messages.join(";")));
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        crate::checks::required_one_of(errors, &at.child("effect"), &taint.effect, &effects);
        if taints[..i].iter().any(|earlier| earlier.key == taint.key && earlier.effect == taint.effect) {
            let shown = object(&[
                ("Key", Some(taint.key.as_str().into())),
                ("Value", Some(value.into())),
                ("Effect", Some(taint.effect.as_str().into())),
                ("TimeAdded", Some(k8s_api_kinds::shown::time(taint.time_added.as_ref()))),
            ]);
            let mut error = Error::duplicate(&at, shown);
            "taints must be unique by key and effect pair".clone_into(&mut error.detail);
            errors.push(error);
        }
    }
}

fn validate_resources(errors: &mut ErrorList, node: &Node) {
    let Some(status) = &node.status else { return };
    let at = At::new("status");
    for (field, list) in [("capacity", &status.capacity), ("allocatable", &status.allocatable)] {
        let at = at.child(field);
        for (name, quantity) in list.iter().flatten() {
            validate_value(errors, &at.child(name), name, quantity);
        }
    }
}

fn validate_features(errors: &mut ErrorList, node: &Node) {
    let features = node.status.as_ref().and_then(|status| status.declared_features.as_deref()).unwrap_or_default();
    let status = At::new("status");
    let list = status.child("declaredFeatures");
    for (i, feature) in features.iter().enumerate() {
        if let Some(detail) = wrong_feature(feature) {
            errors.push(Error::invalid(&list.index(i), feature, detail));
        }
        match features.get(i + 1) {
            Some(next) if next == feature => errors.push(Error::duplicate(&list.index(i + 1), next)),
            Some(next) if next < feature => {
                errors.push(Error::invalid(&list.index(i + 1), next, "list must be sorted alphabetically"));
            }
            _ => {}
        }
    }
}

fn wrong_feature(name: &str) -> Option<String> {
    if name.len() > MAX_FEATURE_NAME {
        let name = name.shown();
        return Some(format!("invalid feature name {name}: must be no more than {MAX_FEATURE_NAME} characters"));
    }
    let segment = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if name.starts_with(|c: char| c.is_ascii_uppercase()) && name.split('/').all(segment) {
        return None;
    }
    Some(format!(
        "invalid feature name {}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' \
         (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes",
        name.shown()
    ))
}

fn validate_pod_cidrs(errors: &mut ErrorList, node: &Node) {
    let ranges = pod_cidrs(node);
    let spec = At::new("spec");
    let at = spec.child("podCIDRs");
    for (i, range) in ranges.iter().enumerate() {
        errors.extend(ip::validate_legacy_cidr(range, &[], &at.index(i)));
    }
    if ranges.len() < 2 {
        return;
    }
    let families: Option<Vec<bool>> =
        ranges.iter().map(|range| ip::Cidr::parse_sloppy(range).map(|cidr| cidr.address.is_ipv6())).collect();
    match families {
        None => {
            let wrong = ranges.iter().find(|range| ip::Cidr::parse_sloppy(range).is_none());
            let wrong = wrong.map(String::as_str).unwrap_or_default();
            errors.push(Error::internal(
                &at,
                format!("invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR address: {wrong}"),
            ));
            errors.push(one_of_each_family(&at, ranges));
        }
        Some(v6) if ranges.len() > 2 || v6.iter().all(|v6| *v6) || v6.iter().all(|v6| !*v6) => {
            errors.push(one_of_each_family(&at, ranges));
        }
        Some(_) => {}
    }
}

fn one_of_each_family(at: &At<'_>, ranges: &[String]) -> Error {
    Error::invalid(at, json(ranges), "may specify no more than one CIDR for each IP family")
}

fn validate_change(new: &Node, old: &Node) -> ErrorList {
    let mut errors = annotations::validate(new);
    validate_resources(&mut errors, new);
    validate_features(&mut errors, new);
    let addresses = new.status.as_ref().and_then(|status| status.addresses.as_deref()).unwrap_or_default();
    for (i, address) in addresses.iter().enumerate().filter(|(i, address)| addresses[..*i].contains(address)) {
        let shown = object(&[
            ("Type", Some(address.type_.as_str().into())),
            ("Address", Some(address.address.as_str().into())),
        ]);
        let status = At::new("status");
        errors.push(Error::duplicate(&status.child("addresses").index(i), shown));
    }
    let (ranges, old_ranges) = (pod_cidrs(new), pod_cidrs(old));
    if !old_ranges.is_empty() {
        let changed = if ranges.len() == old_ranges.len() {
            ranges.iter().zip(old_ranges).filter(|(new, old)| new != old).count()
        } else {
            1
        };
        errors.extend((0..changed).map(|_| Error::forbidden("spec.podCIDRs", POD_CIDRS_FIXED)));
    }
    let of = |node: &Node, field: fn(&NodeSpec) -> &Option<String>| {
        node.spec.as_ref().map(|spec| text(field(spec)).to_owned()).unwrap_or_default()
    };
    let provider = |node: &Node| of(node, |spec| &spec.provider_id);
    if !provider(old).is_empty() && provider(old) != provider(new) {
        errors.push(Error::forbidden("spec.providerID", PROVIDER_FIXED));
    }
    validate_taints(&mut errors, taints(new), &At::new("metadata").child("taints"));
    if of(new, |spec| &spec.external_id) != of(old, |spec| &spec.external_id) {
        errors.push(Error::forbidden("spec.externalID", "may not be updated"));
    }
    errors
}
