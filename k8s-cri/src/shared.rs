//! What is shared behind an `Arc` is as good as what it points to, so that layers can be built over either.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Auth, Container, ContainerConfig, ContainerFilter, ContainerId, ContainerStats, ContainerStatus, Containers,
    Duplex, EventStream, Events, Exec, ExecOutput, FsInfo, Image, ImageSpec, Images, LogOptions, LogStream, Logs,
    Probe, ProbeAnswer, Prober, Resources, Result, Runtime, RuntimeConfig, RuntimeStatus, Sandbox, SandboxConfig,
    SandboxFilter, SandboxId, SandboxStats, SandboxStatus, Sandboxes, Session, Sessions, Stats, Version,
};

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Runtime + ?Sized> Runtime for Arc<T> {
    async fn version(&self) -> Result<Version> {
        (**self).version().await
    }

    async fn status(&self) -> Result<RuntimeStatus> {
        (**self).status().await
    }

    async fn configure(&self, config: RuntimeConfig) -> Result<()> {
        (**self).configure(config).await
    }

    fn prober(&self) -> Option<&dyn Prober> {
        (**self).prober()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Sandboxes + ?Sized> Sandboxes for Arc<T> {
    async fn run_sandbox(&self, config: Arc<SandboxConfig>) -> Result<SandboxId> {
        (**self).run_sandbox(config).await
    }

    async fn stop_sandbox(&self, id: &SandboxId) -> Result<()> {
        (**self).stop_sandbox(id).await
    }

    async fn remove_sandbox(&self, id: &SandboxId) -> Result<()> {
        (**self).remove_sandbox(id).await
    }

    async fn sandbox_status(&self, id: &SandboxId) -> Result<SandboxStatus> {
        (**self).sandbox_status(id).await
    }

    async fn list_sandboxes(&self, filter: &SandboxFilter) -> Result<Vec<Sandbox>> {
        (**self).list_sandboxes(filter).await
    }

    async fn update_sandbox_resources(&self, id: &SandboxId, overhead: Resources, resources: Resources) -> Result<()> {
        (**self).update_sandbox_resources(id, overhead, resources).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Containers + ?Sized> Containers for Arc<T> {
    async fn create_container(
        &self,
        sandbox: &SandboxId,
        config: Arc<ContainerConfig>,
        sandbox_config: &SandboxConfig,
    ) -> Result<ContainerId> {
        (**self).create_container(sandbox, config, sandbox_config).await
    }

    async fn start_container(&self, id: &ContainerId) -> Result<()> {
        (**self).start_container(id).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<()> {
        (**self).stop_container(id, grace).await
    }

    async fn remove_container(&self, id: &ContainerId) -> Result<()> {
        (**self).remove_container(id).await
    }

    async fn container_status(&self, id: &ContainerId) -> Result<ContainerStatus> {
        (**self).container_status(id).await
    }

    async fn list_containers(&self, filter: &ContainerFilter) -> Result<Vec<Container>> {
        (**self).list_containers(filter).await
    }

    async fn update_container_resources(&self, id: &ContainerId, resources: Resources) -> Result<()> {
        (**self).update_container_resources(id, resources).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Sessions + ?Sized> Sessions for Arc<T> {
    async fn exec_sync(&self, id: &ContainerId, command: &[String], timeout: Option<Duration>) -> Result<ExecOutput> {
        (**self).exec_sync(id, command, timeout).await
    }

    async fn exec(&self, id: &ContainerId, exec: Exec) -> Result<Session> {
        (**self).exec(id, exec).await
    }

    async fn attach(&self, id: &ContainerId, exec: Exec) -> Result<Session> {
        (**self).attach(id, exec).await
    }

    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn Duplex>> {
        (**self).port_forward(id, port).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Logs + ?Sized> Logs for Arc<T> {
    async fn logs(&self, id: &ContainerId, options: LogOptions) -> Result<LogStream> {
        (**self).logs(id, options).await
    }

    async fn reopen_log(&self, id: &ContainerId) -> Result<()> {
        (**self).reopen_log(id).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Stats + ?Sized> Stats for Arc<T> {
    async fn container_stats(&self, filter: &ContainerFilter) -> Result<Vec<ContainerStats>> {
        (**self).container_stats(filter).await
    }

    async fn sandbox_stats(&self, filter: &SandboxFilter) -> Result<Vec<SandboxStats>> {
        (**self).sandbox_stats(filter).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Events + ?Sized> Events for Arc<T> {
    async fn subscribe(&self) -> Result<EventStream> {
        (**self).subscribe().await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Images + ?Sized> Images for Arc<T> {
    async fn pull(&self, image: &ImageSpec, auth: Option<&Auth>, sandbox: Option<&SandboxConfig>) -> Result<String> {
        (**self).pull(image, auth, sandbox).await
    }

    async fn image_status(&self, image: &ImageSpec) -> Result<Option<Image>> {
        (**self).image_status(image).await
    }

    async fn list_images(&self) -> Result<Vec<Image>> {
        (**self).list_images().await
    }

    async fn remove_image(&self, image: &ImageSpec) -> Result<()> {
        (**self).remove_image(image).await
    }

    async fn image_fs_info(&self) -> Result<FsInfo> {
        (**self).image_fs_info().await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: Prober + ?Sized> Prober for Arc<T> {
    async fn probe(&self, id: &ContainerId, probe: &Probe, timeout: Duration) -> Result<ProbeAnswer> {
        (**self).probe(id, probe, timeout).await
    }
}
