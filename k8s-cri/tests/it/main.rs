//! The memory runtime beyond the promises: scripts, and what tests do to what runs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod control;
mod cost;
mod scripts;

use std::sync::Arc;

use k8s_cri::memory::{Builder, MemoryRuntime};
use k8s_cri::{
    ContainerConfig, ContainerId, ContainerMetadata, ContainerState, Containers, Images, SandboxConfig,
    SandboxMetadata, Sandboxes,
};
use k8s_env::Env;

fn builder() -> Builder {
    MemoryRuntime::builder(Env::simulated(1))
}

fn pod(name: &str, attempt: u32) -> Arc<SandboxConfig> {
    let metadata = SandboxMetadata { name: name.into(), namespace: "default".into(), uid: name.into(), attempt };
    Arc::new(SandboxConfig { metadata, hostname: name.into(), ..SandboxConfig::default() })
}

fn container(attempt: u32) -> Arc<ContainerConfig> {
    let metadata = ContainerMetadata { name: "web".into(), attempt };
    Arc::new(ContainerConfig { metadata, image: "nginx".into(), ..ContainerConfig::default() })
}

/// Runs the first attempt of container `web` of pod `a`.
async fn started(runtime: &MemoryRuntime) -> ContainerId {
    let sandbox = runtime.run_sandbox(pod("a", 0)).await.unwrap();
    runtime.pull(&"nginx".into(), None, None).await.unwrap();
    let id = runtime.create_container(&sandbox, container(0), &pod("a", 0)).await.unwrap();
    runtime.start_container(&id).await.unwrap();
    id
}

async fn code(runtime: &MemoryRuntime, id: &ContainerId) -> Option<i32> {
    runtime.container_status(id).await.unwrap().state.exit_code()
}

async fn reason(runtime: &MemoryRuntime, id: &ContainerId) -> String {
    match runtime.container_status(id).await.unwrap().state {
        ContainerState::Exited { reason, .. } => reason,
        other => format!("{other:?}"),
    }
}
