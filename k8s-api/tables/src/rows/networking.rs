use super::services::load_balancer;
use super::{Cells, Printed};
use crate::cells::{NONE, View};

pub(super) fn ingress(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let ports = if object.list("spec.tls").len() > 0 { "80, 443" } else { "80" };
    vec![
        printed.name.into(),
        object.text_or("spec.ingressClassName", NONE).into(),
        hosts(object).into(),
        load_balancer(object).join(",").into(),
        ports.into(),
        printed.age().into(),
    ]
}

/// The first three hosts; upstream counts the rules without a host among those left out.
fn hosts(object: View<'_>) -> String {
    let rules = object.list("spec.rules");
    let (mut shown, mut more) = (Vec::new(), false);
    for rule in rules.clone() {
        more |= shown.len() == 3;
        let host = rule.text("host");
        if !more && !host.is_empty() {
            shown.push(host);
        }
    }
    match (shown.join(","), more) {
        (hosts, _) if hosts.is_empty() => "*".to_owned(),
        (hosts, true) => format!("{hosts} + {} more...", rules.len() - 3),
        (hosts, false) => hosts,
    }
}

pub(super) fn ingress_class(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let annotations = object.at("metadata.annotations").0;
    let is_default =
        annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|value| value == "true");
    let name = if is_default { format!("{} (default)", printed.name) } else { printed.name.to_owned() };
    let parameters = object.at("spec.parameters");
    let parameters = match parameters.at("apiGroup").0.as_str() {
        _ if !parameters.is_there() => NONE.to_owned(),
        Some(group) => format!("{}.{group}/{}", parameters.text("kind"), parameters.text("name")),
        None => format!("{}/{}", parameters.text("kind"), parameters.text("name")),
    };
    vec![name.into(), object.text("spec.controller").into(), parameters.into(), printed.age().into()]
}

pub(super) fn network_policy(printed: Printed<'_>) -> Cells {
    let selector = printed.object.at("spec.podSelector");
    let shown = if selector.is_there() { printed.object.shown_selector("spec.podSelector") } else { NONE.to_owned() };
    vec![printed.name.into(), shown.into(), printed.age().into()]
}

pub(super) fn ip_address(printed: Printed<'_>) -> Cells {
    let parent = printed.object.at("spec.parentRef");
    let mut shown = NONE.to_owned();
    if parent.is_there() {
        let resource = match parent.text("group") {
            "" => parent.text("resource").to_lowercase(),
            group => format!("{}.{group}", parent.text("resource")).to_lowercase(),
        };
        let parts = [&*resource, parent.text("namespace"), parent.text("name")];
        // A cluster-scoped parent has no namespace.
        shown = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    }
    vec![printed.name.into(), shown.into(), printed.age().into()]
}

pub(super) fn service_cidr(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.texts("spec.cidrs").join(",").into(), printed.age().into()]
}
