use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_api_client::informer::Reader;
use k8s_openapi::api::core::v1::Service;

/// The variables that tell a container of `namespace` where services are. `links` asks for those of its namespace;
/// the API server is always there.
///
/// Upstream: `pkg/kubelet/envvars`.
pub(crate) fn variables(services: &Reader<Service>, namespace: &str, links: bool) -> BTreeMap<String, String> {
    let mut chosen = BTreeMap::new();
    let mut choose = |service: &Service| {
        let master = service.namespace() == "default" && service.name() == "kubernetes";
        if cluster_ip(service).is_some() && (master || links) {
            // A service of the pod's own namespace hides the API server's of the same name.
            if master && namespace != "default" && chosen.contains_key(service.name()) {
                return;
            }
            chosen.insert(service.name().to_owned(), service.clone());
        }
    };
    if let Some(master) = services.get("default", "kubernetes") {
        choose(&master);
    }
    if links {
        services.for_each_in(namespace, |service| choose(service));
    }
    let mut all = BTreeMap::new();
    for service in chosen.values() {
        add(&mut all, service);
    }
    all
}

fn cluster_ip(service: &Service) -> Option<&str> {
    let ip = service.spec.as_ref()?.cluster_ip.as_deref()?;
    (!ip.is_empty() && ip != "None").then_some(ip)
}

fn add(all: &mut BTreeMap<String, String>, service: &Service) {
    let Some(ip) = cluster_ip(service) else { return };
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let name = variable(service.name());
    all.insert(format!("{name}_SERVICE_HOST"), ip.to_owned());
    for (idx, port) in ports.enumerate() {
        let number = port.port;
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let scheme = protocol.to_ascii_lowercase();
        let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
        let url = format!("{scheme}://{host}:{number}");
        if idx == 0 {
            all.insert(format!("{name}_SERVICE_PORT"), number.to_string());
            all.insert(format!("{name}_PORT"), url.clone());
        }
        if let Some(port_name) = port.name.as_deref().filter(|port_name| !port_name.is_empty()) {
            all.insert(format!("{name}_SERVICE_PORT_{}", variable(port_name)), number.to_string());
        }
        let prefix = format!("{name}_PORT_{number}_{}", protocol.to_ascii_uppercase());
        all.insert(format!("{prefix}_PROTO"), scheme);
        all.insert(format!("{prefix}_PORT"), number.to_string());
        all.insert(format!("{prefix}_ADDR"), ip.to_owned());
        all.insert(prefix, url);
    }
}

fn variable(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}
