//! What happened to the pod.

use std::sync::Arc;

use k8s_api::Kind as _;
use k8s_api_client::events::EventType;
use k8s_cri::{ContainerState, ContainerStatus, SandboxState};
use k8s_openapi::api::core::v1::Pod;

use super::{Done, Life, MOUNT_AGAIN, MOUNT_AGAIN_CAP, STATUS_AGAIN, Worker, revision};
use crate::pod::containers::{self, Class, Waiting};
use crate::pod::mailbox::Mail;
use crate::pod::phase::Phase;
use crate::pod::publish::Unwritten;
use crate::pod::start::Failure;
use crate::pod::status::Verdict;
use crate::pod::{last_words, mount, stop};
use crate::probe::Asked;
use crate::time::plus;

impl Worker {
    pub(super) async fn on_mail(&mut self, mail: Mail) {
        if let Some(pod) = mail.pod {
            self.on_pod(pod);
        }
        if mail.runtime {
            self.observe().await;
        }
        if mail.objects {
            self.on_objects();
        }
        if mail.gone {
            self.gone = true;
            self.look_at_pod();
        }
    }

    fn on_objects(&mut self) {
        // What could not be made for want of an object may work now.
        self.mount_again = None;
        for entry in &mut self.entries {
            if let Some(waiting) = &mut entry.waiting
                && waiting.reason == "CreateContainerConfigError"
            {
                waiting.until = self.context.env.clock.now();
            }
        }
        if self.volumes.is_some() && self.life == Life::Up {
            if self.op.is_some() {
                return self.refresh_again = true;
            }
            let refresh = mount::refresh(self.context.clone(), self.uses.clone(), self.pod.clone());
            self.op = Some(Box::pin(async move {
                refresh.await;
                Done::Refreshed
            }));
        }
    }

    fn on_pod(&mut self, pod: Arc<Pod>) {
        if revision(&pod) <= revision(&self.pod) {
            return;
        }
        let gated = pod.spec.as_ref().is_some_and(|spec| spec.readiness_gates.is_some());
        self.dirty |= gated || pod.metadata.generation != self.pod.metadata.generation;
        self.refresh_again |= shows_metadata(&pod) && differ(&pod, &self.pod);
        self.pod = pod;
        self.dirty |= containers::follow(&mut self.entries, &self.pod);
        containers::add_ephemeral(&mut self.entries, &self.pod);
        self.look_at_pod();
    }

    /// Notices that the pod must go.
    pub(super) fn look_at_pod(&mut self) {
        if self.gone || self.pod.metadata.deletion_timestamp.is_some() {
            return self.terminate(None);
        }
        let status = self.pod.status.as_ref();
        let phase = Phase::parse(status.and_then(|status| status.phase.as_deref()).unwrap_or_default());
        if phase.is_terminal() && self.life == Life::Up {
            // It ended before this agent began: what was said then stays true.
            self.status = status.cloned();
            self.told_end = true;
            self.dirty = false;
            self.finished = true;
            self.terminate(None);
        }
    }

    /// Begins to stop the pod, or to stop it faster.
    pub(super) fn terminate(&mut self, verdict: Option<Verdict>) {
        if self.verdict.is_none() {
            self.verdict = verdict;
        }
        let grace = stop::grace(&self.pod, None);
        match self.life {
            Life::Up => self.life = Life::Stopping { grace, begun: false },
            Life::Stopping { grace: before, begun } if grace < before => {
                self.life = Life::Stopping { grace, begun: false };
                // Stopping can be repeated; anything else that goes on is let to its end.
                if begun {
                    self.op = None;
                }
            }
            _ => {}
        }
    }

    pub(super) fn on_written(&mut self, written: Result<Arc<Pod>, Unwritten>) {
        match written {
            Ok(pod) => {
                self.write_again = None;
                if revision(&pod) > revision(&self.pod) {
                    self.pod = pod;
                    self.look_at_pod();
                }
            }
            Err(Unwritten::Gone) => {
                self.gone = true;
                self.look_at_pod();
            }
            Err(Unwritten::Failed(error)) => {
                tracing::debug!(pod = self.pod.name(), %error, "a status was not written");
                self.status = None;
                self.dirty = true;
                self.write_again = Some(plus(self.context.env.clock.now(), STATUS_AGAIN));
            }
        }
    }

    pub(super) async fn on_done(&mut self, done: Done) {
        let now = self.context.env.clock.now();
        match done {
            Done::Mounted(Ok(mounted)) => {
                self.volumes = Some(Arc::new(mounted));
                self.mount_pause = MOUNT_AGAIN;
                self.refresh_at = mount::token_age(&self.pod).map(|age| plus(now, age));
            }
            Done::Mounted(Err(())) => {
                self.mount_again = Some(plus(now, self.mount_pause));
                self.mount_pause = (self.mount_pause * 2).min(MOUNT_AGAIN_CAP);
            }
            Done::Refreshed => self.refresh_at = mount::token_age(&self.pod).map(|age| plus(now, age)),
            Done::Sandboxed(Ok(sandbox)) => {
                self.pod_ips.clone_from(&sandbox.ips);
                self.sandboxes.push(sandbox.id.clone());
                self.sandbox = Some(sandbox);
                self.dirty = true;
                self.hold = Some(plus(now, super::HOLD));
            }
            Done::Sandboxed(Err(_)) => self.sandbox_again = Some(plus(now, super::AGAIN)),
            Done::Started(idx, result) => self.on_started(idx, *result),
            Done::Killed(result) => self.on_killed(result).await,
            Done::Stopped(Ok(())) => self.on_stopped().await,
            Done::Cleaned(Ok(())) => self.life = Life::Clean,
            Done::Stopped(Err(_)) | Done::Cleaned(Err(_)) => {
                if let Life::Stopping { begun, .. } = &mut self.life {
                    *begun = false;
                }
                self.look_again = Some(plus(now, super::AGAIN));
            }
            Done::Deleted(Ok(())) => self.life = Life::Deleted,
            Done::Deleted(Err(Unwritten::Gone)) => {
                self.life = Life::Deleted;
                self.gone = true;
            }
            Done::Deleted(Err(Unwritten::Failed(_))) => self.look_again = Some(plus(now, STATUS_AGAIN)),
        }
    }

    fn on_started(&mut self, idx: usize, result: Result<ContainerStatus, Failure>) {
        let now = self.context.env.clock.now();
        let Some(entry) = self.entries.get_mut(idx) else { return };
        self.dirty = true;
        match result {
            Ok(status) => {
                entry.pull_error = None;
                entry.began(status);
                self.initialized |= entry.class == Class::Main;
                self.hold = self.hold.or_else(|| Some(plus(now, super::HOLD)));
            }
            Err(failure) => {
                if let Some(status) = failure.made {
                    entry.began(status);
                }
                if let Some(error) = failure.pull_error {
                    entry.pulls.next(now, now);
                    entry.pull_error = Some(error);
                }
                let until = match failure.reason {
                    // These ended, and how soon they start again is what crashes decide.
                    "RunContainerError" | "PostStartHookError" => now,
                    _ => failure.again.unwrap_or_else(|| plus(now, super::AGAIN)),
                };
                entry.waiting = Some(Waiting { reason: failure.reason, message: failure.message, until });
            }
        }
    }

    async fn on_killed(&mut self, result: k8s_cri::Result<()>) {
        if let Err(error) = result {
            tracing::warn!(pod = self.pod.name(), %error, "a container was not stopped");
            self.look_again = Some(plus(self.context.env.clock.now(), super::AGAIN));
        }
        self.observe().await;
    }

    async fn on_stopped(&mut self) {
        self.observe_containers().await;
        self.probes.clear();
        self.sandbox = None;
        self.life = Life::Stopped;
        self.dirty = !self.told_end;
    }

    pub(super) fn on_asked(&mut self, asked: Asked) {
        let Asked { question, healthy } = asked;
        let Some(entry) = self.entries.get_mut(question.entry) else { return };
        let current = entry.is_running() && entry.id() == Some(&question.id);
        let Some(run) = entry.run.as_mut().filter(|_| current) else { return };
        let (again, changed) = run.probes.answered(question.kind, healthy, question.at);
        self.dirty |= changed;
        if let Some(at) = again {
            let next = crate::probe::Question { at, ..question };
            self.probes.push(Box::pin(next.ask()));
        }
    }

    /// Asks the runtime what became of the containers and the sandbox.
    pub(super) async fn observe(&mut self) {
        self.observe_containers().await;
        let Some(sandbox) = &self.sandbox else { return };
        let ready = match self.context.runtime.sandbox_status(&sandbox.id).await {
            Ok(status) => status.state == SandboxState::Ready,
            Err(error) => !error.is_not_found(),
        };
        if !ready && self.life == Life::Up {
            self.lose_sandbox();
        }
    }

    async fn observe_containers(&mut self) {
        for entry in &mut self.entries {
            let Some(run) = entry.run.as_ref().filter(|run| run.status.state.exit_code().is_none()) else { continue };
            let status = match last_words::status(&self.context, &run.status.id).await {
                Ok(status) => status,
                Err(error) if error.is_not_found() => {
                    ContainerStatus { state: ContainerState::Unknown, ..run.status.clone() }
                }
                Err(_) => continue,
            };
            self.dirty |= entry.observed(status);
        }
    }

    /// The sandbox fell over: all that shall go on begins again in a new one.
    fn lose_sandbox(&mut self) {
        self.sandbox = None;
        self.dirty = true;
        if self.is_over() {
            return;
        }
        let message = "Pod sandbox changed, it will be killed and re-created.";
        self.context.pod_event(&self.pod, EventType::Normal, "SandboxChanged", message);
        self.initialized = false;
        let pod = self.pod.clone();
        let default = Default::default();
        let spec = pod.spec.as_ref().unwrap_or(&default);
        for entry in &mut self.entries {
            if entry.class != Class::Main || !entry.is_over(spec) {
                entry.reset();
            }
        }
    }
}

fn shows_metadata(pod: &Pod) -> bool {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.into_iter().any(|volume| volume.downward_api.is_some() || volume.projected.is_some())
}

fn differ(a: &Pod, b: &Pod) -> bool {
    (&a.metadata.labels, &a.metadata.annotations) != (&b.metadata.labels, &b.metadata.annotations)
}
