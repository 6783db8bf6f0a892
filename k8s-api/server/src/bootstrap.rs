//! The objects that every cluster has from its first moment.
//!
//! Upstream: `pkg/controlplane/controller/{systemnamespaces,kubernetesservice,defaultservicecidr}` and
//! `pkg/registry/scheduling/rest`.

mod objects;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use k8s_api::{Kind, Status, UserInfo};
use k8s_api_client::Client;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Namespace, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::api::discovery::v1::{self as discovery, Endpoint, EndpointConditions, EndpointSlice};
use k8s_openapi::api::networking::v1::{ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::authorize::policy;
use crate::server::ApiServer;
use crate::services::addresses;

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
const PRIORITIES: [(&str, i32, &str); 2] = [
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
];

/// Creates what is missing; `rbac` tells whether roles and bindings are among it.
pub(crate) async fn run(server: &ApiServer, rbac: bool) -> Result<(), Status> {
    let client = server.client_as(UserInfo::apiserver());
    for name in NAMESPACES {
        let namespace = Namespace { metadata: named(name), ..Namespace::default() };
        ensure(&client, "", namespace).await?;
    }
    for (name, value, description) in PRIORITIES {
        let class = PriorityClass {
            metadata: named(name),
            value: Some(value),
            description: Some(description.to_owned()),
            preemption_policy: Some("PreemptLowerPriority".to_owned()),
            global_default: None,
        };
        ensure(&client, "", class).await?;
    }
    let address = server.core().documents.address.parse::<SocketAddr>().ok();
    ensure(&client, "default", api_service(server, address)).await?;
    // Endpoints may not be loopback addresses: such a server is reached in process or from its own host alone.
    if let Some(address) = address.filter(|address| !address.ip().is_loopback() && !address.ip().is_unspecified()) {
        ensure(&client, "default", endpoints(address)).await?;
        ensure(&client, "default", slice(address)).await?;
    }
    service_cidr(&client, server).await?;
    let own = server.core().services.api_server().to_string();
    ensure(&client, "", addresses::object(&own, "default", "kubernetes")).await?;
    objects::run(&client, &server.core().env).await?;
    if rbac {
        roles(&client).await?;
    }
    Ok(())
}

async fn roles(client: &Client) -> Result<(), Status> {
    let policy = policy();
    for role in policy.cluster_roles {
        ensure(client, "", role).await?;
    }
    for binding in policy.cluster_bindings {
        ensure(client, "", binding).await?;
    }
    for role in policy.roles {
        let namespace = role.metadata.namespace.clone().unwrap_or_default();
        ensure(client, &namespace, role).await?;
    }
    for binding in policy.bindings {
        let namespace = binding.metadata.namespace.clone().unwrap_or_default();
        ensure(client, &namespace, binding).await?;
    }
    Ok(())
}

/// Creates an object unless one of its name is there; `None` when it is.
async fn ensure<K: Kind>(client: &Client, namespace: &str, object: K) -> Result<Option<Arc<K>>, Status> {
    let api = client.namespaced::<K>(namespace);
    // A service that is there is asked for first: another of its address would be refused for that alone.
    if api.find(object.name()).await?.is_some() {
        return Ok(None);
    }
    match api.create(object).await {
        // Another server of the same store was faster.
        Err(status) if status.is_already_exists() => Ok(None),
        created => created.map(Some),
    }
}

fn api_service(server: &ApiServer, address: Option<SocketAddr>) -> Service {
    let mut metadata = named("kubernetes");
    metadata.labels = Some(labels(&[("component", "apiserver"), ("provider", "kubernetes")]));
    let port = ServicePort {
        name: Some("https".to_owned()),
        port: 443,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::Int(address.map_or(6443, |address| i32::from(address.port())))),
        ..ServicePort::default()
    };
    let spec = ServiceSpec {
        cluster_ip: Some(server.core().services.api_server().to_string()),
        ports: Some(vec![port]),
        type_: Some("ClusterIP".to_owned()),
        session_affinity: Some("None".to_owned()),
        ..ServiceSpec::default()
    };
    Service { metadata, spec: Some(spec), status: None }
}

/// Where the API server itself can be reached, as its service's endpoints.
fn endpoints(address: SocketAddr) -> Endpoints {
    let mut metadata = named("kubernetes");
    metadata.labels = Some(labels(&[("endpointslice.kubernetes.io/skip-mirror", "true")]));
    let port = EndpointPort {
        name: Some("https".to_owned()),
        port: i32::from(address.port()),
        protocol: Some("TCP".to_owned()),
        app_protocol: None,
    };
    let subset = EndpointSubset {
        addresses: Some(vec![EndpointAddress { ip: address.ip().to_string(), ..EndpointAddress::default() }]),
        ports: Some(vec![port]),
        ..EndpointSubset::default()
    };
    Endpoints { metadata, subsets: Some(vec![subset]) }
}

fn slice(address: SocketAddr) -> EndpointSlice {
    let mut metadata = named("kubernetes");
    metadata.labels = Some(labels(&[("kubernetes.io/service-name", "kubernetes")]));
    let conditions = EndpointConditions { ready: Some(true), ..EndpointConditions::default() };
    let endpoint =
        Endpoint { addresses: vec![address.ip().to_string()], conditions: Some(conditions), ..Endpoint::default() };
    let port = discovery::EndpointPort {
        name: Some("https".to_owned()),
        port: Some(i32::from(address.port())),
        protocol: Some("TCP".to_owned()),
        app_protocol: None,
    };
    let address_type = if address.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned();
    EndpointSlice { metadata, address_type, endpoints: Some(vec![endpoint]), ports: Some(vec![port]) }
}

/// Creates the range of service addresses, which is ready from the first moment.
async fn service_cidr(client: &Client, server: &ApiServer) -> Result<(), Status> {
    let spec = ServiceCIDRSpec { cidrs: Some(vec![server.core().services.network()]) };
    let range = ServiceCIDR { metadata: named("kubernetes"), spec: Some(spec), status: None };
    let Some(created) = ensure(client, "", range).await? else { return Ok(()) };
    let mut range = ServiceCIDR::clone(&created);
    let ready = Condition {
        type_: "Ready".to_owned(),
        status: "True".to_owned(),
        last_transition_time: Time(server.core().env.clock.now()),
        reason: String::new(),
        message: "Kubernetes default Service CIDR is ready".to_owned(),
        observed_generation: None,
    };
    range.status = Some(ServiceCIDRStatus { conditions: Some(vec![ready]) });
    client.namespaced::<ServiceCIDR>("").update_status(range).await?;
    Ok(())
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}
