use std::collections::BTreeSet;

use super::{Cells, Printed};
use crate::cells::{NONE, View};

pub(super) fn service(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let internal = object.texts("spec.clusterIPs").first().copied().unwrap_or(NONE);
    vec![
        printed.name.into(),
        object.text("spec.type").into(),
        internal.into(),
        external(object).into(),
        ports(object).into(),
        printed.age().into(),
        object.labels("spec.selector").into(),
    ]
}

fn external(object: View<'_>) -> String {
    let mut addresses: Vec<&str> = Vec::new();
    let otherwise = match object.text("spec.type") {
        "ClusterIP" | "NodePort" => NONE,
        "LoadBalancer" => {
            addresses = load_balancer(object);
            "<pending>"
        }
        "ExternalName" => return object.text("spec.externalName").to_owned(),
        _ => return "<unknown>".to_owned(),
    };
    addresses.extend(object.texts("spec.externalIPs"));
    if addresses.is_empty() { otherwise.to_owned() } else { addresses.join(",") }
}

/// The addresses that a load balancer gave, sorted.
pub(super) fn load_balancer(object: View<'_>) -> Vec<&str> {
    let ingress = object.list("status.loadBalancer.ingress");
    let addresses: BTreeSet<&str> = ingress
        .map(|ingress| ingress.filled_or("ip", ingress.text("hostname")))
        .filter(|address| !address.is_empty())
        .collect();
    addresses.into_iter().collect()
}

fn ports(object: View<'_>) -> String {
    let shown: Vec<String> = object
        .list("spec.ports")
        .map(|port| match (port.int("port"), port.int("nodePort"), port.text("protocol")) {
            (number, 1.., protocol) => format!("{number}:{}/{protocol}", port.int("nodePort")),
            (number, _, protocol) => format!("{number}/{protocol}"),
        })
        .collect();
    if shown.is_empty() { NONE.to_owned() } else { shown.join(",") }
}
