//! What is to do next for a pod.
//!
//! Upstream: `pkg/kubelet/kuberuntime.computePodActions`, `computeInitContainerActions`.

use jiff::Timestamp;
use k8s_api_client::events::EventType;
use k8s_openapi::api::core::v1::PodSpec;

use super::containers::{Class, Entry, Waiting};
use super::format_pod;
use super::worker::Worker;
use crate::probe::Kind;
use crate::time::go_duration;

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make the volumes appear.
    Mount,
    /// Make a sandbox.
    Sandbox,
    /// Start the container at this place.
    Start(usize),
    /// Stop the container at this place, and start it again if it may.
    Kill(usize, Cause),
    /// Everything has ended and stays so.
    Finish,
    /// Nothing before something happens or the time comes.
    Wait(Option<Timestamp>),
}

/// Why a container that runs must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A probe failed.
    Probe(Kind),
    /// The pod wants another image. It is started again whatever the restart policy says.
    Changed,
}

/// What is known after looking at one container.
enum Look {
    /// Do this.
    Do(Step),
    /// It is as it should be.
    Fine,
    /// Nothing can be done for it before then.
    NotBefore(Option<Timestamp>),
}

impl Worker {
    /// Decides. Notes where a container has to wait and why.
    pub(super) fn next_step(&mut self, now: Timestamp) -> Step {
        if self.is_over() {
            return Step::Finish;
        }
        if self.volumes.is_none() {
            return match self.mount_again.filter(|again| now < *again) {
                Some(again) => Step::Wait(Some(again)),
                None => Step::Mount,
            };
        }
        if self.sandbox.is_none() {
            return match self.sandbox_again.filter(|again| now < *again) {
                Some(again) => Step::Wait(Some(again)),
                None => Step::Sandbox,
            };
        }
        self.next_container(now)
    }

    fn next_container(&mut self, now: Timestamp) -> Step {
        let mut wake = None;
        for idx in 0..self.entries.len() {
            let look = match self.entries[idx].class {
                Class::Init if self.initialized => continue,
                Class::Init => self.look_at_init(idx, now),
                Class::Sidecar => self.look_at_sidecar(idx, now),
                Class::Main if !self.initialized => {
                    // All init containers before are done.
                    self.initialized = true;
                    self.look_at_main(idx, now)
                }
                Class::Main => self.look_at_main(idx, now),
                Class::Ephemeral if self.entries[idx].run.is_none() => self.start_or_wait(idx, now),
                Class::Ephemeral => Look::Fine,
            };
            match look {
                Look::Do(step) => return step,
                Look::Fine => {}
                Look::NotBefore(time) => {
                    wake = earliest(wake, time);
                    let holds_up = matches!(self.entries[idx].class, Class::Init | Class::Sidecar) && !self.initialized;
                    if holds_up {
                        return self.debug_containers(now, wake);
                    }
                }
            }
        }
        Step::Wait(wake)
    }

    /// Debug containers start even while the pod is not initialized.
    fn debug_containers(&mut self, now: Timestamp, mut wake: Option<Timestamp>) -> Step {
        for idx in 0..self.entries.len() {
            if self.entries[idx].class != Class::Ephemeral || self.entries[idx].run.is_some() {
                continue;
            }
            match self.start_or_wait(idx, now) {
                Look::Do(step) => return step,
                Look::NotBefore(time) => wake = earliest(wake, time),
                Look::Fine => {}
            }
        }
        Step::Wait(wake)
    }

    fn look_at_init(&mut self, idx: usize, now: Timestamp) -> Look {
        let entry = &self.entries[idx];
        match entry.exit() {
            Some((0, _)) => Look::Fine,
            _ if entry.is_running() => Look::NotBefore(None),
            _ => self.start_or_wait(idx, now),
        }
    }

    fn look_at_sidecar(&mut self, idx: usize, now: Timestamp) -> Look {
        let entry = &self.entries[idx];
        let Some(run) = entry.run.as_ref().filter(|_| entry.is_running()) else { return self.start_or_wait(idx, now) };
        if let Some(cause) = cause(entry) {
            return Look::Do(Step::Kill(idx, cause));
        }
        if run.probes.started() { Look::Fine } else { Look::NotBefore(None) }
    }

    fn look_at_main(&mut self, idx: usize, now: Timestamp) -> Look {
        let entry = &self.entries[idx];
        if entry.is_running() {
            return cause(entry).map_or(Look::Fine, |cause| Look::Do(Step::Kill(idx, cause)));
        }
        if entry.is_over(self.spec()) { Look::Fine } else { self.start_or_wait(idx, now) }
    }

    /// Starts a container unless it failed a short while ago.
    fn start_or_wait(&mut self, idx: usize, now: Timestamp) -> Look {
        let entry = &mut self.entries[idx];
        if let Some(waiting) = entry.waiting.as_ref().filter(|waiting| now < waiting.until) {
            return Look::NotBefore(Some(waiting.until));
        }
        // Being replaced is no crash: only the crash before counts.
        let crashed = if entry.replaced { entry.last_end() } else { entry.exit().map(|(_, at)| at) };
        let Some(crashed) = crashed else { return Look::Do(Step::Start(idx)) };
        let Some(until) = entry.crashes.ends(crashed, now) else {
            entry.crashes.next(crashed, now);
            return Look::Do(Step::Start(idx));
        };
        let (name, pod) = (entry.spec.name.clone(), format_pod(&self.pod));
        let pause = go_duration(entry.crashes.pause());
        let message = format!("back-off {pause} restarting failed container={name} pod={pod}");
        entry.waiting = Some(Waiting { reason: "CrashLoopBackOff", message, until });
        let field_path = entry.field_path();
        let event = format!("Back-off restarting failed container {name} in pod {pod}");
        self.context.part_event(&self.pod, &field_path, EventType::Warning, "BackOff", event);
        self.dirty = true;
        Look::NotBefore(Some(until))
    }

    /// Whether nothing will ever run in the pod again: an init container failed for good, or all regular containers
    /// ended for good.
    pub(super) fn is_over(&self) -> bool {
        let spec = self.spec();
        let failed = |entry: &Entry| entry.is_over(spec) && entry.exit().is_some_and(|(code, _)| code != 0);
        let mut init = self.entries.iter().filter(|entry| entry.class == Class::Init);
        let mut main = self.entries.iter().filter(|entry| entry.class == Class::Main).peekable();
        (!self.initialized && init.any(failed)) || (main.peek().is_some() && main.all(|entry| entry.is_over(spec)))
    }

    pub(super) fn spec(&self) -> &PodSpec {
        static EMPTY: std::sync::LazyLock<PodSpec> = std::sync::LazyLock::new(PodSpec::default);
        self.pod.spec.as_ref().unwrap_or(&EMPTY)
    }
}

/// Why a container that runs has to be stopped; `None` when it is as it should be.
fn cause(entry: &Entry) -> Option<Cause> {
    if entry.is_changed() {
        return Some(Cause::Changed);
    }
    entry.run.as_ref()?.probes.failed().map(Cause::Probe)
}

pub(super) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}
