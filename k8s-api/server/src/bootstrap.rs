//! The objects that every cluster has from its first moment.
//!
//! Upstream: `pkg/controlplane/controller/systemnamespaces`, `pkg/controlplane/controller/kubernetesservice` and
//! `pkg/registry/scheduling/rest`.

use k8s_api::{Kind, Status, UserInfo};
use k8s_api_client::Client;
use k8s_openapi::api::core::v1::{Namespace, Service, ServicePort, ServiceSpec};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::authorize::policy;
use crate::server::ApiServer;

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
    ensure(&client, "default", api_service(server)).await?;
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

async fn ensure<K: Kind>(client: &Client, namespace: &str, object: K) -> Result<(), Status> {
    match client.namespaced::<K>(namespace).create(object).await {
        Err(status) if !status.is_already_exists() => Err(status),
        _ => Ok(()),
    }
}

fn api_service(server: &ApiServer) -> Service {
    let mut metadata = named("kubernetes");
    let labels = [("component", "apiserver"), ("provider", "kubernetes")];
    metadata.labels = Some(labels.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect());
    let port = ServicePort {
        name: Some("https".to_owned()),
        port: 443,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::Int(6443)),
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

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}
