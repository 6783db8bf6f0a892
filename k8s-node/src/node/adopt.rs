//! What an agent before this one has left on the machine.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_cni::{Attachment, AttachmentKey, PodRef};
use k8s_cri::{ContainerFilter, ContainerPhase, Namespace, NetworkOwner, SandboxFilter, SandboxState};

use crate::compile::sandbox::POD_UID;
use crate::context::Context;
use crate::pod::{Found, Sandbox, last_words};

/// Finds sandboxes and containers by the uid of their pod.
///
/// # Errors
/// When the runtime does not answer.
pub(super) async fn found(context: &Context) -> k8s_cri::Result<BTreeMap<String, Found>> {
    let mut all: BTreeMap<String, Found> = BTreeMap::new();
    let mut sandboxes = context.runtime.list_sandboxes(&SandboxFilter::default()).await?;
    sandboxes.reverse();
    for sandbox in sandboxes {
        let Some(uid) = sandbox.config.labels.get(POD_UID) else { continue };
        let found = all.entry(uid.clone()).or_default();
        found.sandboxes.push(sandbox.id.clone());
        found.sandbox = None;
        if sandbox.state == SandboxState::Ready {
            let ips = addresses(context, &sandbox).await?;
            found.sandbox = Some(Sandbox { id: sandbox.id, config: sandbox.config, ips });
        }
    }
    let mut containers = context.runtime.list_containers(&ContainerFilter::default()).await?;
    containers.reverse();
    for container in containers {
        let Some(found) = container.config.labels.get(POD_UID).and_then(|uid| all.get_mut(uid)) else { continue };
        found.containers.push(last_words::status(context, &container.id).await?);
    }
    let known: Vec<_> = all.values().flat_map(|found| &found.sandboxes).map(|id| key(id.as_str())).collect();
    if context.network_owner == NetworkOwner::Caller
        && let Err(error) = context.network.collect(&known).await
    {
        tracing::warn!(node = context.name, %error, "addresses of an agent before are still taken");
    }
    Ok(all)
}

fn key(sandbox: &str) -> AttachmentKey {
    Attachment::new(sandbox, PodRef::default()).key()
}

/// Setting up again answers what was answered first.
async fn addresses(context: &Context, sandbox: &k8s_cri::Sandbox) -> k8s_cri::Result<Vec<String>> {
    if sandbox.config.security.namespaces.network == Namespace::Node {
        return Ok(Vec::new());
    }
    let network = context.runtime.sandbox_status(&sandbox.id).await?.network;
    if context.network_owner == NetworkOwner::Runtime {
        return Ok(network.ips.iter().map(ToString::to_string).collect());
    }
    let mut attachment = Attachment::new(sandbox.id.as_str(), PodRef::default());
    attachment.namespace = network.namespace;
    let attached = context.network.setup(&attachment).await;
    Ok(attached.map(|attached| attached.ips().map(|ip| ip.to_string()).collect()).unwrap_or_default())
}

/// Takes away all that runs on the machine.
pub(super) async fn clear(context: &Context, grace: Duration) {
    let running = ContainerFilter { phase: Some(ContainerPhase::Running), ..ContainerFilter::default() };
    let running = context.runtime.list_containers(&running).await.unwrap_or_default();
    let ours = running.iter().filter(|container| container.config.labels.contains_key(POD_UID));
    let ended = join_all(ours.map(|container| context.runtime.stop_container(&container.id, grace))).await;
    report(context, ended.into_iter().filter_map(Result::err));
    let sandboxes = context.runtime.list_sandboxes(&SandboxFilter::default()).await.unwrap_or_default();
    for sandbox in sandboxes.iter().filter(|sandbox| sandbox.config.labels.contains_key(POD_UID)) {
        report(context, context.runtime.stop_sandbox(&sandbox.id).await.err());
        let attachment = Attachment::new(sandbox.id.as_str(), PodRef::default());
        if context.network_owner == NetworkOwner::Caller {
            report(context, context.network.teardown(&attachment).await.err());
        }
        report(context, context.runtime.remove_sandbox(&sandbox.id).await.err());
    }
    for key in context.volumes.list().await.unwrap_or_default() {
        report(context, context.volumes.unpublish(&key).await.err());
    }
}

fn report<E: std::fmt::Display>(context: &Context, errors: impl IntoIterator<Item = E>) {
    for error in errors {
        tracing::warn!(node = context.name, %error, "something stays behind until the next start");
    }
}
