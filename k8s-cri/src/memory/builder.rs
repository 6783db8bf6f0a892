use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use k8s_env::Env;

use super::behavior::{Behavior, Match};
use super::runtime::MemoryRuntime;
use crate::{ContainerConfig, RuntimeHandler, Version};

/// Looks a file of the machine up.
pub(super) type Files = Arc<dyn Fn(&Path) -> Option<Bytes> + Send + Sync>;

/// What a container does that nothing else is said of.
pub(super) type Unscripted = Arc<dyn Fn(&ContainerConfig) -> Behavior + Send + Sync>;

/// Makes a [`MemoryRuntime`].
pub struct Builder {
    pub(super) env: Env,
    pub(super) version: Version,
    pub(super) handlers: Vec<RuntimeHandler>,
    pub(super) scripts: Vec<(Match, Behavior)>,
    pub(super) files: Files,
    pub(super) interprets: bool,
    pub(super) unscripted: Unscripted,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("version", &self.version)
            .field("scripts", &self.scripts)
            .finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(env: Env) -> Self {
        let version =
            Version { name: "memory".into(), version: env!("CARGO_PKG_VERSION").into(), api_version: "v1".into() };
        Self {
            env,
            version,
            handlers: vec![RuntimeHandler {
                recursive_readonly_mounts: true,
                user_namespaces: true,
                ..RuntimeHandler::default()
            }],
            scripts: Vec::new(),
            files: Arc::new(|_| None),
            interprets: false,
            unscripted: Arc::new(|_| Behavior::new()),
        }
    }

    /// Calls itself this, as in `containerd` and `2.1.0`; the default is `memory` and this crate's version.
    pub fn version(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.version.name = name.into();
        self.version.version = version.into();
        self
    }

    /// Has one more handler that sandboxes may ask for.
    pub fn handler(mut self, name: impl Into<String>) -> Self {
        self.handlers.push(RuntimeHandler { name: name.into(), ..RuntimeHandler::default() });
        self
    }

    /// Scripts the containers that fit; the last script that fits is followed.
    pub fn script(mut self, which: Match, behavior: Behavior) -> Self {
        self.scripts.push((which, behavior));
        self
    }

    /// Finds files of the machine that are mounted into containers, so that `cat` inside shows them: usually the
    /// memory volumes' own lookup.
    pub fn files(mut self, files: impl Fn(&Path) -> Option<Bytes> + Send + Sync + 'static) -> Self {
        self.files = Arc::new(files);
        self
    }

    /// Lets containers without a script do what their command says, as far as that is a sequence of `echo`, `sleep`,
    /// `true`, `false`, `exit`, `cat`, `env` and `hostname`, alone or in `sh -c`. Of other commands, and by default, it
    /// understands nothing.
    pub fn interprets_commands(mut self) -> Self {
        self.interprets = true;
        self
    }

    /// Says what containers do that have no script and no command that is understood; by default they run forever.
    pub fn unscripted(mut self, behavior: impl Fn(&ContainerConfig) -> Behavior + Send + Sync + 'static) -> Self {
        self.unscripted = Arc::new(behavior);
        self
    }

    /// Makes the runtime. Nothing runs yet.
    pub fn build(self) -> MemoryRuntime {
        MemoryRuntime::with(self)
    }
}
