use std::sync::Arc;
use std::time::Duration;

use k8s_cri::{
    Auth, ContainerConfig, ContainerId, ContainerMetadata, ContainerState, Images, Runtime, SandboxConfig, SandboxId,
    SandboxMetadata,
};

/// What is judged, with an image that has busybox' `sh`, `echo`, `sleep` and `cat`.
#[derive(Clone)]
pub struct Subject {
    /// The runtime.
    pub runtime: Arc<dyn Runtime>,
    /// Its images.
    pub images: Arc<dyn Images>,
    /// The image, which can be pulled.
    pub image: String,
    /// What it cannot do; cases that need it are skipped.
    pub lacks: Vec<Ability>,
}

/// Something that a runtime may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Events.
    Events,
    /// Logs that can be read.
    Logs,
    /// Commands in running containers.
    Exec,
    /// Measuring.
    Stats,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("image", &self.image).field("lacks", &self.lacks).finish_non_exhaustive()
    }
}

impl Subject {
    /// Judges one object that is both, with all abilities.
    pub fn new(subject: impl Runtime + Images + 'static, image: impl Into<String>) -> Self {
        let both = Arc::new(subject);
        Self { runtime: both.clone(), images: both, image: image.into(), lacks: Vec::new() }
    }

    pub(crate) fn can(&self, ability: Ability) -> bool {
        !self.lacks.contains(&ability)
    }

    pub(crate) fn pod(name: &str) -> Arc<SandboxConfig> {
        let metadata = SandboxMetadata {
            name: name.into(),
            namespace: "default".into(),
            uid: format!("uid-of-{name}"),
            attempt: 0,
        };
        let labels = [("pod".to_owned(), name.to_owned())].into();
        Arc::new(SandboxConfig { metadata, hostname: name.into(), labels, ..SandboxConfig::default() })
    }

    pub(crate) async fn sandbox(&self, name: &str) -> SandboxId {
        self.runtime.run_sandbox(Self::pod(name)).await.unwrap()
    }

    pub(crate) async fn pull(&self) -> String {
        self.images.pull(&self.image.as_str().into(), None::<&Auth>, None).await.unwrap()
    }

    pub(crate) fn config(&self, name: &str, script: &str) -> Arc<ContainerConfig> {
        Arc::new(ContainerConfig {
            metadata: ContainerMetadata { name: name.into(), attempt: 0 },
            image: self.image.as_str().into(),
            command: ["sh", "-c", script].map(String::from).to_vec(),
            labels: [("container".to_owned(), name.to_owned())].into(),
            log_path: format!("{name}/0.log").into(),
            ..ContainerConfig::default()
        })
    }

    /// Creates a container that runs `script`, pulling the image first.
    pub(crate) async fn create(&self, sandbox: &SandboxId, name: &str, script: &str) -> ContainerId {
        self.pull().await;
        let status = self.runtime.sandbox_status(sandbox).await.unwrap();
        self.runtime.create_container(sandbox, self.config(name, script), &status.config).await.unwrap()
    }

    pub(crate) async fn start(&self, sandbox: &SandboxId, name: &str, script: &str) -> ContainerId {
        let id = self.create(sandbox, name, script).await;
        self.runtime.start_container(&id).await.unwrap();
        id
    }

    pub(crate) async fn state(&self, id: &ContainerId) -> ContainerState {
        self.runtime.container_status(id).await.unwrap().state
    }

    /// Waits up to a minute until a container has exited.
    pub(crate) async fn exited(&self, id: &ContainerId) -> ContainerState {
        for _ in 0..600 {
            let state = self.state(id).await;
            if let ContainerState::Exited { .. } = state {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("container {id} did not exit within a minute");
    }
}
