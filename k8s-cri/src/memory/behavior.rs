use std::time::Duration;

use bytes::Bytes;

use super::listener::{self, Handler};
use crate::{ContainerConfig, ContainerMetadata, ExecOutput, Output, SandboxMetadata};

/// What containers do, and how making them goes wrong.
///
/// The default runs forever, is healthy, writes nothing and ends at once with code 0 when it is asked to stop. What
/// is said before [`Behavior::then`] holds for the first attempt, what is said after it for the next, and what is
/// said last for all further ones.
///
/// ```
/// use std::time::Duration;
/// use k8s_cri::memory::Behavior;
///
/// // Crashes after a second, then works.
/// let flaky = Behavior::new().runs_for(Duration::from_secs(1)).exits_with(1).logs("boom").then();
/// # let _ = flaky;
/// ```
#[derive(Clone, Debug)]
pub struct Behavior {
    pub(super) stages: Vec<Stage>,
    pub(super) pull_delay: Duration,
    pub(super) pull_failure: Option<PullScript>,
    pub(super) sandbox_failure: Option<String>,
}

/// A pull that fails.
#[derive(Clone, Debug)]
pub(super) struct PullScript {
    pub(super) message: String,
    /// How many pulls fail; `None` for all.
    pub(super) times: Option<u32>,
}

/// What one attempt does.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub(super) start_delay: Duration,
    pub(super) create_failure: Option<String>,
    pub(super) start_failure: Option<String>,
    pub(super) logs: Vec<(Duration, Output, Bytes)>,
    pub(super) life: Option<Duration>,
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) term: Term,
    pub(super) health: Vec<(Duration, Health)>,
    pub(super) execs: Vec<ExecScript>,
    pub(super) servers: Vec<(u16, Handler)>,
    pub(super) usage: Option<(u64, u64)>,
}

/// How the stop signal is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Term {
    Exits { after: Duration, code: i32 },
    Ignored,
}

impl Default for Term {
    fn default() -> Self {
        Self::Exits { after: Duration::ZERO, code: 0 }
    }
}

/// What a command run inside does.
#[derive(Clone, Debug)]
pub(super) struct ExecScript {
    pub(super) command: Vec<String>,
    pub(super) takes: Duration,
    pub(super) output: ExecOutput,
}

/// What one who asks a container for its health meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// HTTP 200, an open port, `SERVING`, exit code 0.
    #[default]
    Healthy,
    /// HTTP 500, a refused connection, `NOT_SERVING`, exit code 1.
    Failing,
    /// This HTTP status; to others failing from 400 on and healthy below.
    Status(u16),
    /// No answer.
    Hanging,
}

impl Default for Behavior {
    fn default() -> Self {
        Self { stages: vec![Stage::default()], pull_delay: Duration::ZERO, pull_failure: None, sandbox_failure: None }
    }
}

impl Behavior {
    /// Runs forever, healthy and silent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends by itself this long after its start, with code 0 unless [`Self::exits_with`] says another.
    pub fn runs_for(self, life: Duration) -> Self {
        self.with(|stage| stage.life = Some(life))
    }

    /// Ends by itself with this code; at once unless [`Self::runs_for`] says when.
    pub fn exits_with(self, code: i32) -> Self {
        self.with(|stage| {
            stage.code = code;
            stage.life = Some(stage.life.unwrap_or_default());
        })
    }

    /// Leaves this message behind when it ends by itself: what a process writes to its termination message path.
    pub fn leaves_message(self, message: impl Into<String>) -> Self {
        self.with(|stage| stage.message = message.into())
    }

    /// Writes a line to standard output at its start.
    pub fn logs(self, line: impl AsRef<str>) -> Self {
        self.logs_after(Duration::ZERO, line)
    }

    /// Writes a line to standard output this long after its start.
    pub fn logs_after(self, after: Duration, line: impl AsRef<str>) -> Self {
        let bytes = Bytes::from(format!("{}\n", line.as_ref()));
        self.with(|stage| {
            stage.logs.push((after, Output::Stdout, bytes));
            stage.logs.sort_by_key(|(after, ..)| *after);
        })
    }

    /// Takes this long to start.
    pub fn start_delay(self, delay: Duration) -> Self {
        self.with(|stage| stage.start_delay = delay)
    }

    /// Cannot be created.
    pub fn fails_create(self, message: impl Into<String>) -> Self {
        self.with(|stage| stage.create_failure = Some(message.into()))
    }

    /// Cannot be started, as when its command does not exist.
    pub fn fails_start(self, message: impl Into<String>) -> Self {
        self.with(|stage| stage.start_failure = Some(message.into()))
    }

    /// Ends this long after the stop signal, with this code.
    pub fn stops_after(self, after: Duration, code: i32) -> Self {
        self.with(|stage| stage.term = Term::Exits { after, code })
    }

    /// Takes no notice of the stop signal, so that it is killed in the end and exits with 137.
    pub fn ignores_stop(self) -> Self {
        self.with(|stage| stage.term = Term::Ignored)
    }

    /// Has this health from its start.
    pub fn health(self, health: Health) -> Self {
        self.health_after(Duration::ZERO, health)
    }

    /// Has this health from that long after its start.
    pub fn health_after(self, after: Duration, health: Health) -> Self {
        self.with(|stage| {
            stage.health.push((after, health));
            stage.health.sort_by_key(|(after, _)| *after);
        })
    }

    /// Answers commands that begin with these words.
    pub fn exec<'a>(self, command: impl IntoIterator<Item = &'a str>, output: ExecOutput) -> Self {
        self.exec_for(command, Duration::ZERO, output)
    }

    /// Answers commands that begin with these words after some time.
    pub fn exec_for<'a>(self, command: impl IntoIterator<Item = &'a str>, takes: Duration, output: ExecOutput) -> Self {
        let command = command.into_iter().map(str::to_owned).collect();
        self.with(|stage| stage.execs.push(ExecScript { command, takes, output }))
    }

    /// Serves connections to this port, as port forwarding makes them.
    pub fn serves(self, port: u16, handler: Handler) -> Self {
        self.with(|stage| stage.servers.push((port, handler)))
    }

    /// Sends back what comes in on this port.
    pub fn echoes(self, port: u16) -> Self {
        self.serves(port, listener::echo())
    }

    /// Answers every HTTP request on this port with status 200 and this body.
    pub fn answers_http(self, port: u16, body: impl Into<String>) -> Self {
        self.serves(port, listener::http(body.into()))
    }

    /// Uses this much: billionths of a core, and bytes of memory.
    pub fn uses(self, nanocores: u64, memory: u64) -> Self {
        self.with(|stage| stage.usage = Some((nanocores, memory)))
    }

    /// Goes on to the next attempt, which begins as the default.
    pub fn then(mut self) -> Self {
        self.stages.push(Stage::default());
        self
    }

    /// Takes this long to pull.
    pub fn pull_delay(mut self, delay: Duration) -> Self {
        self.pull_delay = delay;
        self
    }

    /// Can never be pulled.
    pub fn fails_pull(mut self, message: impl Into<String>) -> Self {
        self.pull_failure = Some(PullScript { message: message.into(), times: None });
        self
    }

    /// Cannot be pulled the first few times.
    pub fn fails_pulls(mut self, times: u32, message: impl Into<String>) -> Self {
        self.pull_failure = Some(PullScript { message: message.into(), times: Some(times) });
        self
    }

    /// Its pod's sandbox cannot be made. Only a [`Match`] on pods finds sandboxes.
    pub fn fails_sandbox(mut self, message: impl Into<String>) -> Self {
        self.sandbox_failure = Some(message.into());
        self
    }

    pub(super) fn stage(&self, attempt: u32) -> Stage {
        let last = self.stages.len().saturating_sub(1);
        self.stages.get(last.min(attempt as usize)).cloned().unwrap_or_default()
    }

    fn with(mut self, change: impl FnOnce(&mut Stage)) -> Self {
        if let Some(stage) = self.stages.last_mut() {
            change(stage);
        }
        self
    }
}

/// Which containers a [`Behavior`] is for. All that is said must fit; a text that ends with `*` fits by its
/// beginning.
///
/// Pulls know image and pod, sandboxes know the pod: a match that asks for more does not fit them.
#[derive(Clone, Debug, Default)]
pub struct Match {
    image: Option<String>,
    container: Option<String>,
    pod: Option<String>,
    namespace: Option<String>,
}

impl Match {
    /// Any container.
    pub fn any() -> Self {
        Self::default()
    }

    /// Containers of this image, spelled as the pod spells it.
    pub fn image(image: impl Into<String>) -> Self {
        Self { image: Some(image.into()), ..Self::default() }
    }

    /// Containers of this name.
    pub fn container(name: impl Into<String>) -> Self {
        Self { container: Some(name.into()), ..Self::default() }
    }

    /// Containers of pods of this name.
    pub fn pod(name: impl Into<String>) -> Self {
        Self { pod: Some(name.into()), ..Self::default() }
    }

    /// And only in pods of this name.
    pub fn in_pod(mut self, name: impl Into<String>) -> Self {
        self.pod = Some(name.into());
        self
    }

    /// And only in this namespace.
    pub fn in_namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = Some(name.into());
        self
    }

    pub(super) fn fits_container(&self, pod: &SandboxMetadata, config: &ContainerConfig) -> bool {
        let ContainerMetadata { name, .. } = &config.metadata;
        let spec = &config.image;
        self.fits_pod_part(pod)
            && fits(self.container.as_deref(), name)
            && (fits(self.image.as_deref(), &spec.image)
                || (!spec.user_specified.is_empty() && fits(self.image.as_deref(), &spec.user_specified)))
    }

    pub(super) fn fits_pull(&self, image: &str, pod: Option<&SandboxMetadata>) -> bool {
        let pod_fits = match pod {
            Some(pod) => self.fits_pod_part(pod),
            None => self.pod.is_none() && self.namespace.is_none(),
        };
        self.container.is_none() && pod_fits && fits(self.image.as_deref(), image)
    }

    pub(super) fn fits_sandbox(&self, pod: &SandboxMetadata) -> bool {
        self.container.is_none() && self.image.is_none() && self.fits_pod_part(pod)
    }

    fn fits_pod_part(&self, pod: &SandboxMetadata) -> bool {
        fits(self.pod.as_deref(), &pod.name) && fits(self.namespace.as_deref(), &pod.namespace)
    }
}

fn fits(pattern: Option<&str>, text: &str) -> bool {
    match pattern {
        None => true,
        Some(pattern) => match pattern.strip_suffix('*') {
            Some(beginning) => text.starts_with(beginning),
            None => pattern == text,
        },
    }
}
