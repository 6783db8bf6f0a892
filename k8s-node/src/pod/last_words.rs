//! What a container said before it ended.
//!
//! Upstream: `pkg/kubelet/kuberuntime.convertToKubeContainerStatus`.

use futures_util::StreamExt;
use k8s_cri::{ContainerId, ContainerState, ContainerStatus, LogOptions};

use crate::context::Context;

/// The annotation with the pod's `terminationMessagePolicy`.
pub(crate) const POLICY: &str = "io.kubernetes.container.terminationMessagePolicy";
/// How much of a log is a message. Upstream: `MaxContainerTerminationMessageLogLines`, `...LogLength`.
const LINES: u64 = 80;
const BYTES: usize = 2048;

/// What the runtime says of a container; of one that failed without a message, with the end of its log as the message
/// where the pod wants that. The message that a process leaves in a file is the runtime's to tell.
pub(crate) async fn status(context: &Context, id: &ContainerId) -> k8s_cri::Result<ContainerStatus> {
    let mut status = context.runtime.container_status(id).await?;
    let from_log = status.config.annotations.get(POLICY).is_some_and(|policy| policy == "FallbackToLogsOnError");
    // What never started has no log.
    if let ContainerState::Exited { started: Some(_), code, message, .. } = &mut status.state
        && from_log
        && *code != 0
        && message.is_empty()
    {
        *message = end_of_log(context, id).await;
    }
    Ok(status)
}

async fn end_of_log(context: &Context, id: &ContainerId) -> String {
    let options = LogOptions { tail_lines: Some(LINES), ..LogOptions::default() };
    let failed = |error| format!("Error on reading termination message from logs: {error}");
    let mut entries = match context.runtime.logs(id, options).await {
        Ok(entries) => entries,
        Err(error) => return failed(error),
    };
    let mut all = Vec::new();
    while let Some(entry) = entries.next().await {
        match entry {
            Ok(entry) => all.extend_from_slice(&entry.bytes),
            Err(error) => return failed(error),
        }
    }
    let end = all.len().saturating_sub(BYTES);
    String::from_utf8_lossy(&all[end..]).into_owned()
}
