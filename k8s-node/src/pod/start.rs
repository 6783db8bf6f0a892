//! Starting a container.
//!
//! Upstream: `pkg/kubelet/kuberuntime.startContainer`.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_api_client::events::EventType;
use k8s_cri::{ContainerId, ContainerStatus, ImageSpec};
use k8s_openapi::api::core::v1::{Container, Pod};

use super::image::{NoImage, Wanted};
use super::sandbox::Sandbox;
use super::{Mounted, Uses, hook, last_words, stop};
use crate::backoff::Backoff;
use crate::compile::container::{Surroundings, config};
use crate::context::Context;

/// A container to start.
pub(crate) struct Start {
    pub(crate) context: Arc<Context>,
    pub(crate) uses: Arc<Uses>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) container: Arc<Container>,
    pub(crate) field_path: String,
    pub(crate) sandbox: Sandbox,
    pub(crate) volumes: Arc<Mounted>,
    pub(crate) attempt: u32,
    pub(crate) target: Option<ContainerId>,
    pub(crate) pulls: Backoff,
    pub(crate) pull_error: Option<String>,
}

/// Why a container does not run.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// What was made of it nevertheless.
    pub(crate) made: Option<ContainerStatus>,
    /// What pulling its image failed with, if that was tried.
    pub(crate) pull_error: Option<String>,
    /// When to try again, where that is known.
    pub(crate) again: Option<Timestamp>,
}

impl Start {
    /// Makes the image present, makes the container, starts it and runs its hook.
    pub(crate) async fn run(self) -> Result<ContainerStatus, Failure> {
        let image = self.image().await?;
        let id = self.create(image).await?;
        self.event(EventType::Normal, "Created", "Container created");
        if let Err(error) = self.context.runtime.start_container(&id).await {
            let message = error.to_string();
            self.event(EventType::Warning, "Failed", format!("Error: {message}"));
            return Err(Failure { made: self.status(&id).await, ..Failure::new("RunContainerError", message) });
        }
        self.event(EventType::Normal, "Started", "Container started");
        self.post_start(&id).await?;
        let gone = || Failure::new("RunContainerError", format!("container {id} is gone"));
        self.status(&id).await.ok_or_else(gone)
    }

    async fn image(&self) -> Result<ImageSpec, Failure> {
        let wanted = Wanted {
            context: &self.context,
            pod: &self.pod,
            container: &self.container,
            field_path: &self.field_path,
            sandbox: &self.sandbox.config,
            pulls: self.pulls,
            pull_error: self.pull_error.as_deref(),
        };
        wanted.ensure().await.map_err(|NoImage { reason, message, pull_error, again }| {
            self.event(EventType::Warning, "Failed", format!("Error: {reason}"));
            Failure { pull_error, again, ..Failure::new(reason, message) }
        })
    }

    async fn create(&self, image: ImageSpec) -> Result<ContainerId, Failure> {
        let around = Surroundings {
            context: &self.context,
            uses: &self.uses,
            pod: &self.pod,
            volumes: &self.volumes,
            pod_ips: &self.sandbox.ips,
            target: self.target.clone(),
        };
        let fail = |reason, message: String| {
            self.event(EventType::Warning, "Failed", format!("Error: {message}"));
            Failure::new(reason, message)
        };
        let config = config(&around, &self.container, image, self.attempt).await;
        let config = config.map_err(|message| fail("CreateContainerConfigError", message))?;
        let Sandbox { id, config: sandbox, .. } = &self.sandbox;
        let made = self.context.runtime.create_container(id, Arc::new(config), sandbox).await;
        made.map_err(|error| fail("CreateContainerError", error.to_string()))
    }

    async fn post_start(&self, id: &ContainerId) -> Result<(), Failure> {
        let Some(hook) = self.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref()) else {
            return Ok(());
        };
        let Err(message) = hook::run(&self.context, &self.pod, &self.container, id, hook).await else { return Ok(()) };
        // The message may hold secrets, so only the status tells it.
        self.event(EventType::Warning, "FailedPostStartHook", "PostStartHook failed");
        let grace = stop::grace(&self.pod, None);
        let killing = stop::Kill {
            context: self.context.clone(),
            pod: self.pod.clone(),
            container: self.container.clone(),
            field_path: self.field_path.clone(),
            id: id.clone(),
            message: "FailedPostStartHook".to_owned(),
            grace: Duration::from_secs(grace),
        };
        if let Err(error) = killing.run().await {
            tracing::warn!(container = %id, %error, "a container whose hook failed goes on");
        }
        Err(Failure { made: self.status(id).await, ..Failure::new("PostStartHookError", message) })
    }

    async fn status(&self, id: &ContainerId) -> Option<ContainerStatus> {
        last_words::status(&self.context, id).await.ok()
    }

    fn event(&self, kind: EventType, reason: &'static str, message: impl Into<String>) {
        self.context.part_event(&self.pod, &self.field_path, kind, reason, message);
    }
}

impl Failure {
    fn new(reason: &'static str, message: String) -> Self {
        Self { reason, message, made: None, pull_error: None, again: None }
    }
}
