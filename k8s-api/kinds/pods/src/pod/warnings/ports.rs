//! Ports that get in each other's way.

use std::collections::BTreeMap;

use k8s_api::field::quote;
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{ContainerPort, PodSpec};

use super::Warnings;
use crate::blank::{items, text};
use crate::pod::validation::visit;

pub(super) fn ports(spec: &PodSpec, at: &At<'_>, warnings: &mut Warnings) {
    let mut taken: BTreeMap<(i32, String), Vec<(String, ContainerPort)>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut later = Warnings::new();
    visit(spec, at, |container, at| {
        let at = at.child("ports");
        for (i, port) in items(&container.ports).iter().enumerate() {
            let place = at.index(i);
            if !text(&port.host_ip).is_empty() && number(port) == 0 {
                warnings.push(format!("{place}: hostIP set without hostPort: {}", shown(port)));
            }
            let others = taken.entry((port.container_port, text(&port.protocol).to_owned())).or_default();
            for (other_place, other) in others.iter() {
                warnings
                    .extend(clash(port, other).map(|how| format!("{place}: {how} port definition with {other_place}")));
            }
            others.push((place.to_string(), port.clone()));
            let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else { continue };
            match names.get(name) {
                Some(other) => later.push(format!(
                    "{place}: duplicate port name {} with {other}, services and probes that select ports by name will \
                     use {other}",
                    quote(name)
                )),
                None => drop(names.insert(name.to_owned(), place.to_string())),
            }
        }
    });
    warnings.append(&mut later);
}

fn number(port: &ContainerPort) -> i32 {
    port.host_port.unwrap_or_default()
}

/// How two definitions of the same port get in each other's way.
fn clash(one: &ContainerPort, other: &ContainerPort) -> Option<&'static str> {
    let (ip, other_ip) = (text(&one.host_ip), text(&other.host_ip));
    if ip == other_ip && number(one) == number(other) {
        Some("duplicate")
    } else if number(one) == 0 || number(other) == 0 {
        Some("overlapping")
    } else if number(one) == number(other) && (ip.is_empty() != other_ip.is_empty()) {
        Some("dangerously ambiguous")
    } else {
        None
    }
}

/// A port as Go prints a struct.
fn shown(port: &ContainerPort) -> String {
    format!(
        "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
        text(&port.name),
        number(port),
        port.container_port,
        text(&port.protocol),
        text(&port.host_ip)
    )
}
