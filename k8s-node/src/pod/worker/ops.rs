//! What is done about it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_api_client::events::EventType;

use super::{Done, Life, Worker};
use crate::pod::conditions::OWN;
use crate::pod::containers::{Class, Entry};
use crate::pod::decide::{Cause, Step, earliest};
use crate::pod::sandbox;
use crate::pod::start::Start;
use crate::pod::status::{self, Snapshot, Verdict};
use crate::pod::stop::{self, Kill, StopPod};
use crate::pod::{mount, publish};
use crate::probe::{Kind, Question};
use crate::time::{api_time, plus, until};

const DEADLINE: &str = "Pod was active on the node longer than the specified deadline";

impl Worker {
    /// Begins to tell the API what is new, unless it is being told something.
    pub(super) fn begin_write(&mut self) {
        let now = self.context.env.clock.now();
        let later = self.write_again.is_some_and(|again| now < again);
        // Of a pod that ended by itself the end is told, not the moment before.
        let held = self.finished && matches!(self.life, Life::Stopping { .. });
        let starting = self.hold.is_some_and(|end| now < end);
        let silent = later || held || starting || self.is_replacing();
        if !self.dirty || self.gone || self.write.is_some() || silent {
            return;
        }
        self.dirty = false;
        let status = self.make_status(now);
        if self.status.as_ref() == Some(&status) {
            return;
        }
        self.status = Some(status.clone());
        self.write = Some(Box::pin(publish::write(self.context.clone(), self.pod.clone(), status)));
    }

    fn make_status(&self, now: Timestamp) -> k8s_openapi::api::core::v1::PodStatus {
        let now = api_time(now);
        if let Some(verdict) = self.verdict.as_ref().filter(|_| self.rejected) {
            return status::rejected(&self.pod, verdict, &self.started);
        }
        if self.told_end {
            return self.old_end();
        }
        let over = !matches!(self.life, Life::Up | Life::Stopping { .. });
        let snapshot = Snapshot {
            context: &self.context,
            pod: &self.pod,
            entries: &self.entries,
            has_sandbox: self.sandbox.is_some(),
            initialized: self.initialized && self.entries.iter().any(|e| e.class == Class::Main && e.created > 0),
            over,
            verdict: self.verdict.as_ref().filter(|_| over),
            pod_ips: &self.pod_ips,
            started: &self.started,
        };
        status::of(&snapshot, self.status.as_ref().or(self.pod.status.as_ref()), &now)
    }

    /// What the API knows of a pod that ended before this agent began: only which generation was seen is new.
    fn old_end(&self) -> k8s_openapi::api::core::v1::PodStatus {
        let mut status = self.pod.status.clone().unwrap_or_default();
        status.observed_generation = self.pod.metadata.generation;
        if let Some(conditions) = &mut status.conditions {
            conditions.retain(|condition| OWN.contains(&condition.type_.as_str()));
        }
        status
    }

    /// Begins the next thing to do, unless something is being done.
    pub(super) fn begin_op(&mut self) {
        let now = self.context.env.clock.now();
        if self.op.is_some() || self.look_again.is_some_and(|again| now < again) {
            return;
        }
        self.look_again = None;
        if self.life == Life::Up {
            self.check_deadline(now);
        }
        match self.life {
            Life::Up => self.begin_step(now),
            Life::Stopping { grace, .. } => {
                self.life = Life::Stopping { grace, begun: true };
                self.op = Some(self.stop_pod(grace));
            }
            Life::Stopped => self.op = Some(self.clean()),
            Life::Clean => self.begin_delete(),
            Life::Deleted => {}
        }
    }

    fn begin_step(&mut self, now: Timestamp) {
        let expires = self.refresh_at.is_some_and(|at| at <= now);
        if (std::mem::take(&mut self.refresh_again) || expires) && self.volumes.is_some() {
            let refresh = mount::refresh(self.context.clone(), self.uses.clone(), self.pod.clone());
            self.op = Some(Box::pin(async move {
                refresh.await;
                Done::Refreshed
            }));
            return;
        }
        let step = self.next_step(now);
        self.op = match step {
            Step::Mount => Some(self.mount()),
            Step::Sandbox => Some(self.make_sandbox()),
            Step::Start(idx) => self.start(idx),
            Step::Kill(idx, cause) => self.kill(idx, cause),
            Step::Finish => {
                self.finished = true;
                self.terminate(None);
                return self.begin_op();
            }
            Step::Wait(wake) => {
                self.look_again = None;
                self.wake_at = wake;
                None
            }
        };
    }

    fn check_deadline(&mut self, now: Timestamp) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.context.pod_event(&self.pod, EventType::Normal, "DeadlineExceeded", DEADLINE);
            let (reason, message) = ("DeadlineExceeded".to_owned(), DEADLINE.to_owned());
            self.terminate(Some(Verdict { reason, message }));
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        let seconds = u64::try_from(self.spec().active_deadline_seconds?).ok()?;
        Some(plus(self.started.0, Duration::from_secs(seconds)))
    }

    /// How long nothing will have to be done unless something happens.
    pub(super) fn wake(&self) -> Option<Duration> {
        let write = earliest(self.write_again, self.hold).filter(|_| self.dirty);
        let step = match self.life {
            Life::Up if self.op.is_none() => earliest(earliest(self.wake_at, self.deadline()), self.refresh_at),
            _ => None,
        };
        let at = earliest(earliest(write, step), self.look_again)?;
        Some(until(self.context.env.clock.now(), at))
    }

    fn mount(&self) -> futures_util::future::BoxFuture<'static, Done> {
        let (context, uses, pod) = (self.context.clone(), self.uses.clone(), self.pod.clone());
        Box::pin(async move { Done::Mounted(mount::publish(&context, &uses, &pod).await) })
    }

    fn make_sandbox(&self) -> futures_util::future::BoxFuture<'static, Done> {
        let (context, pod, mailbox) = (self.context.clone(), self.pod.clone(), self.mailbox.clone());
        let old = self.sandboxes.clone();
        Box::pin(async move {
            for id in &old {
                if let Err(error) = sandbox::stop(&context, &pod, id).await {
                    return Done::Sandboxed(Err(error));
                }
            }
            let attempt = u32::try_from(old.len()).unwrap_or(u32::MAX);
            Done::Sandboxed(sandbox::run(&context, &pod, attempt, mailbox).await)
        })
    }

    fn start(&self, idx: usize) -> Option<futures_util::future::BoxFuture<'static, Done>> {
        let entry = self.entries.get(idx)?;
        let target = entry.target.as_ref();
        let start = Start {
            context: self.context.clone(),
            uses: self.uses.clone(),
            pod: self.pod.clone(),
            container: entry.spec.clone(),
            field_path: entry.field_path(),
            sandbox: self.sandbox.clone()?,
            volumes: self.volumes.clone()?,
            attempt: entry.created,
            target: target.and_then(|name| self.entries.iter().find(|e| e.name() == name)?.id().cloned()),
            pulls: entry.pulls,
            pull_error: entry.pull_error.clone(),
        };
        Some(Box::pin(async move { Done::Started(idx, Box::new(start.run().await)) }))
    }

    fn kill(&mut self, idx: usize, cause: Cause) -> Option<futures_util::future::BoxFuture<'static, Done>> {
        let entry = &self.entries[idx];
        let policy = entry.spec.restart_policy.as_deref().or(self.spec().restart_policy.as_deref());
        let restarts = cause == Cause::Changed || policy != Some("Never");
        let what = if entry.class == Class::Sidecar { "Init container" } else { "Container" };
        let why = match cause {
            Cause::Changed => "definition changed",
            Cause::Probe(Kind::Startup) => "failed startup probe",
            Cause::Probe(_) => "failed liveness probe",
        };
        let mut message = format!("{what} {} {why}", entry.name());
        if restarts && entry.class == Class::Main {
            message.push_str(", will be restarted");
        }
        let of_probe = match cause {
            Cause::Probe(kind) => Some((kind, &*entry.spec)),
            Cause::Changed => None,
        };
        let grace = stop::grace(&self.pod, of_probe);
        let kill = self.kill_of(idx, message, grace)?;
        self.entries[idx].replaced = restarts;
        Some(Box::pin(async move { Done::Killed(kill.run().await) }))
    }

    /// Whether a container was stopped to be started anew, and that is not told yet: where its policy lets none come back
    /// from its end, the API refuses to hear of it.
    fn is_replacing(&self) -> bool {
        let always = self.spec().restart_policy.as_deref().is_none_or(|policy| policy == "Always");
        let between = |entry: &Entry| entry.replaced && !entry.is_running() && entry.waiting.is_none();
        self.life == Life::Up && !always && self.entries.iter().any(between)
    }

    fn kill_of(&self, idx: usize, message: String, grace: u64) -> Option<Kill> {
        let entry = self.entries.get(idx).filter(|entry| entry.is_running())?;
        Some(Kill {
            context: self.context.clone(),
            pod: self.pod.clone(),
            container: entry.spec.clone(),
            field_path: entry.field_path(),
            id: entry.id()?.clone(),
            message,
            grace: Duration::from_secs(grace),
        })
    }

    fn stop_pod(&self, grace: u64) -> futures_util::future::BoxFuture<'static, Done> {
        let all = |sidecars: bool| {
            let entries = self.entries.iter().enumerate();
            let wanted = entries.filter(move |(_, entry)| (entry.class == Class::Sidecar) == sidecars);
            wanted.filter_map(|(idx, _)| self.kill_of(idx, String::new(), grace)).collect::<Vec<_>>()
        };
        let stop = StopPod {
            context: self.context.clone(),
            pod: self.pod.clone(),
            containers: all(false),
            sidecars: all(true),
            sandboxes: self.sandboxes.clone(),
        };
        Box::pin(async move { Done::Stopped(stop.run().await) })
    }

    fn clean(&self) -> futures_util::future::BoxFuture<'static, Done> {
        let (context, pod) = (self.context.clone(), self.pod.clone());
        Box::pin(async move { Done::Cleaned(mount::unpublish(&context, &pod).await) })
    }

    /// Asks the API to forget the pod when that is wanted and it knows how the pod ended.
    fn begin_delete(&mut self) {
        let told = !self.dirty && self.write.is_none();
        if told && !self.gone && self.pod.metadata.deletion_timestamp.is_some() {
            let delete = publish::delete(self.context.clone(), self.pod.clone());
            self.op = Some(Box::pin(async move { Done::Deleted(delete.await) }));
        }
    }

    /// Begins to ask probes whose time comes.
    pub(super) fn begin_probes(&mut self) {
        let leaving = self.life != Life::Up;
        for (idx, entry) in self.entries.iter_mut().enumerate() {
            if entry.run.as_ref().is_none_or(|run| run.status.state.exit_code().is_some() || run.probes.is_quiet()) {
                continue;
            }
            let field_path = entry.field_path();
            let Some(run) = &mut entry.run else { continue };
            for (kind, at) in run.probes.due() {
                let Some(spec) = run.probes.spec(kind).cloned().filter(|_| !leaving || kind == Kind::Readiness) else {
                    continue;
                };
                let question = Question {
                    context: self.context.clone(),
                    pod: self.pod.clone(),
                    container: entry.spec.clone(),
                    field_path: field_path.clone(),
                    entry: idx,
                    id: run.status.id.clone(),
                    kind,
                    spec,
                    pod_ip: self.pod_ips.first().cloned().unwrap_or_default(),
                    at,
                };
                self.probes.push(Box::pin(question.ask()));
            }
        }
    }

    /// Whether the task is at its end.
    pub(super) fn is_done(&self) -> bool {
        self.gone && matches!(self.life, Life::Clean | Life::Deleted) && self.op.is_none() && self.write.is_none()
    }

    /// Removes what is left in the runtime: containers and their logs.
    pub(super) async fn forget(self) {
        let Self { context, sandboxes, .. } = self;
        for id in &sandboxes {
            context.routes.remove(id);
            if let Err(error) = context.runtime.remove_sandbox(id).await {
                tracing::warn!(sandbox = %id, %error, "a sandbox stays until the next start");
            }
        }
    }
}
