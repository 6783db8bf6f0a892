use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::events::EventType;
use k8s_cni::{Attachment, PodRef, PortMapping, Protocol};
use k8s_cri::{ContainerStatus, NetworkOwner, SandboxConfig, SandboxId};
use k8s_openapi::api::core::v1::Pod;

use super::Mailbox;
use crate::compile;
use crate::context::Context;

/// The pod's sandbox, joined to the network.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) id: SandboxId,
    pub(crate) config: Arc<SandboxConfig>,
    /// Its addresses, the primary first; empty when it has the node's network.
    pub(crate) ips: Vec<String>,
}

/// What of a pod was there when the agent started.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The newest sandbox, if it is ready.
    pub(crate) sandbox: Option<Sandbox>,
    /// All sandboxes, of which the pod has had so many.
    pub(crate) sandboxes: Vec<SandboxId>,
    /// Its containers, oldest first.
    pub(crate) containers: Vec<ContainerStatus>,
}

/// Makes the sandbox of a pod and joins it to the network.
///
/// # Errors
/// A sentence for people, which was told already. Nothing is left behind.
pub(crate) async fn run(context: &Context, pod: &Pod, attempt: u32, mailbox: Arc<Mailbox>) -> Result<Sandbox, String> {
    let config = Arc::new(compile::sandbox::config(context, pod, attempt));
    let made = match context.runtime.run_sandbox(config.clone()).await {
        Ok(id) => {
            context.routes.add(id.clone(), mailbox);
            match join(context, pod, &id, &config).await {
                Ok(ips) => Ok(Sandbox { id, config, ips }),
                Err(error) => {
                    undo(context, &id).await;
                    Err(format!("plugin failed to set up pod {:?} network: {error}", super::format_pod(pod)))
                }
            }
        }
        Err(error) => Err(error.to_string()),
    };
    made.inspect_err(|error| {
        let message = format!("Failed to create pod sandbox: {error}");
        context.pod_event(pod, EventType::Warning, "FailedCreatePodSandBox", message);
    })
}

async fn undo(context: &Context, id: &SandboxId) {
    context.routes.remove(id);
    if let Err(error) = context.runtime.remove_sandbox(id).await {
        tracing::warn!(sandbox = %id, %error, "a sandbox without network stays until the next start");
    }
}

async fn join(context: &Context, pod: &Pod, id: &SandboxId, config: &SandboxConfig) -> Result<Vec<String>, String> {
    if compile::sandbox::is_host_network(pod) {
        return Ok(Vec::new());
    }
    match context.network_owner {
        NetworkOwner::Runtime => {
            let status = context.runtime.sandbox_status(id).await.map_err(|error| error.to_string())?;
            Ok(status.network.ips.iter().map(ToString::to_string).collect())
        }
        NetworkOwner::Caller => {
            let attachment = attachment(context, pod, id, config).await.map_err(|error| error.to_string())?;
            let attached = context.network.setup(&attachment).await.map_err(|error| error.to_string())?;
            Ok(attached.ips().map(|ip| ip.to_string()).collect())
        }
    }
}

async fn attachment(
    context: &Context,
    pod: &Pod,
    id: &SandboxId,
    config: &SandboxConfig,
) -> k8s_cri::Result<Attachment> {
    let status = context.runtime.sandbox_status(id).await?;
    let mut attachment = Attachment::new(id.as_str(), reference(pod));
    attachment.namespace = status.network.namespace;
    attachment.port_mappings = config
        .port_mappings
        .iter()
        .filter(|mapping| mapping.host_port != 0)
        .map(|mapping| PortMapping {
            protocol: match mapping.protocol {
                k8s_cri::Protocol::Tcp => Protocol::Tcp,
                k8s_cri::Protocol::Udp => Protocol::Udp,
                k8s_cri::Protocol::Sctp => Protocol::Sctp,
            },
            container_port: mapping.container_port,
            host_port: mapping.host_port,
            host_ip: mapping.host_ip,
        })
        .collect();
    Ok(attachment)
}

fn reference(pod: &Pod) -> PodRef {
    PodRef { namespace: pod.namespace().to_owned(), name: pod.name().to_owned(), uid: pod.uid().to_owned() }
}

/// Takes a sandbox off the network and stops it. Its containers are gone from what runs, and their logs are kept.
///
/// # Errors
/// A sentence for people: call again.
pub(crate) async fn stop(context: &Context, pod: &Pod, id: &SandboxId) -> Result<(), String> {
    context.runtime.stop_sandbox(id).await.map_err(|error| error.to_string())?;
    if context.network_owner == NetworkOwner::Caller && !compile::sandbox::is_host_network(pod) {
        let attachment = Attachment::new(id.as_str(), reference(pod));
        context.network.teardown(&attachment).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
