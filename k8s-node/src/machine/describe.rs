use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_cni::Readiness;
use k8s_cri::Condition;
use k8s_openapi::api::core::v1::{
    ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeRuntimeHandler,
    NodeRuntimeHandlerFeatures, NodeSpec, NodeStatus, NodeSystemInfo, Taint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use crate::context::Context;

/// The version of Kubernetes whose kubelet this agent behaves as.
const KUBELET_VERSION: &str = "v1.36.2";
/// Upstream: `nodeStatusMaxImages`, `MaxNamesPerImageInNodeStatus`.
const MAX_IMAGES: usize = 50;
const MAX_NAMES: usize = 5;

/// What does not change about a node as long as its agent runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
    pub(crate) pod_cidrs: Vec<String>,
    pub(crate) provider_id: Option<String>,
    pub(crate) capacity: BTreeMap<String, Quantity>,
    pub(crate) allocatable: BTreeMap<String, Quantity>,
    pub(crate) hostname: String,
    pub(crate) info: NodeSystemInfo,
    pub(crate) port: i32,
}

impl Description {
    /// The object to register. The status is made by [`status`].
    pub(crate) fn node(&self, name: &str, status: NodeStatus) -> Node {
        let some = |map: &BTreeMap<String, String>| (!map.is_empty()).then(|| map.clone());
        Node {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                labels: some(&self.labels),
                annotations: some(&self.annotations),
                ..ObjectMeta::default()
            },
            spec: Some(NodeSpec {
                pod_cidr: self.pod_cidrs.first().cloned(),
                pod_cidrs: (!self.pod_cidrs.is_empty()).then(|| self.pod_cidrs.clone()),
                provider_id: self.provider_id.clone(),
                taints: (!self.taints.is_empty()).then(|| self.taints.clone()),
                ..NodeSpec::default()
            }),
            status: Some(status),
        }
    }
}

/// How the node is now, over what the API has. `before` are the conditions told last.
pub(crate) async fn status(
    context: &Context,
    about: &Description,
    before: &[NodeCondition],
    leaving: bool,
    now: &Time,
) -> NodeStatus {
    NodeStatus {
        addresses: Some(addresses(&context.ips, &about.hostname)),
        allocatable: Some(about.allocatable.clone()),
        capacity: Some(about.capacity.clone()),
        conditions: Some(conditions(problem(context, leaving).await, before, now)),
        daemon_endpoints: Some(NodeDaemonEndpoints { kubelet_endpoint: Some(DaemonEndpoint { port: about.port }) }),
        images: images(context).await,
        node_info: Some(NodeSystemInfo { kubelet_version: KUBELET_VERSION.to_owned(), ..about.info.clone() }),
        runtime_handlers: handlers(context).await,
        ..NodeStatus::default()
    }
}

fn addresses(ips: &[IpAddr], hostname: &str) -> Vec<NodeAddress> {
    let address = |type_: &str, address: String| NodeAddress { type_: type_.to_owned(), address };
    let internal = ips.iter().map(|ip| address("InternalIP", ip.to_string()));
    internal.chain([address("Hostname", hostname.to_owned())]).collect()
}

/// Why the node is not ready; `None` when it is.
async fn problem(context: &Context, leaving: bool) -> Option<String> {
    let mut problems = Vec::new();
    match context.runtime.status().await {
        Ok(status) => {
            if let Condition::NotReady { reason, message } = status.runtime {
                problems
                    .push(format!("container runtime not ready: RuntimeReady=false reason:{reason} message:{message}"));
            }
            if let Condition::NotReady { reason, message } = status.network {
                problems.push(format!(
                    "container runtime network not ready: NetworkReady=false reason:{reason} message:{message}"
                ));
            }
        }
        Err(_) => problems.push("container runtime is down".to_owned()),
    }
    if let (k8s_cri::NetworkOwner::Caller, Readiness::NotReady { message }) =
        (context.network_owner, context.network.status().await)
    {
        problems.push(format!(
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:{message}"
        ));
    }
    if leaving {
        problems.push("node is shutting down".to_owned());
    }
    match problems.len() {
        0 => None,
        1 => problems.pop(),
        _ => Some(format!("[{}]", problems.join(", "))),
    }
}

fn conditions(problem: Option<String>, before: &[NodeCondition], now: &Time) -> Vec<NodeCondition> {
    let fine = [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ];
    let ready = match problem {
        None => condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", before, now),
        Some(problem) => condition("Ready", "False", "KubeletNotReady", &problem, before, now),
    };
    let fine = fine.map(|(kind, reason, message)| condition(kind, "False", reason, message, before, now));
    fine.into_iter().chain([ready]).collect()
}

fn condition(
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    before: &[NodeCondition],
    now: &Time,
) -> NodeCondition {
    let same = before.iter().find(|old| old.type_ == kind && old.status == status);
    let since = same.and_then(|old| old.last_transition_time.clone());
    NodeCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_heartbeat_time: Some(now.clone()),
        last_transition_time: since.or_else(|| Some(now.clone())),
    }
}

/// The largest images first.
async fn images(context: &Context) -> Option<Vec<ContainerImage>> {
    let mut images = context.images.list_images().await.ok()?;
    images.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.id.cmp(&b.id)));
    let shown = images.into_iter().take(MAX_IMAGES).map(|image| ContainerImage {
        names: Some(image.digests.into_iter().chain(image.tags).take(MAX_NAMES).collect()),
        size_bytes: Some(i64::try_from(image.size).unwrap_or(i64::MAX)).filter(|size| *size > 0),
    });
    Some(shown.collect()).filter(|images: &Vec<_>| !images.is_empty())
}

async fn handlers(context: &Context) -> Option<Vec<NodeRuntimeHandler>> {
    let status = context.runtime.status().await.ok()?;
    let handlers = status.handlers.into_iter().map(|handler| NodeRuntimeHandler {
        name: Some(handler.name).filter(|name| !name.is_empty()),
        features: Some(NodeRuntimeHandlerFeatures {
            recursive_read_only_mounts: Some(handler.recursive_readonly_mounts),
            user_namespaces: Some(handler.user_namespaces),
        }),
    });
    Some(handlers.collect())
}
