use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use k8s_cri::{ContainerStatus, SandboxId};
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::containers::{self, Class, Entry};
use super::publish::Unwritten;
use super::sandbox::{Found, Sandbox};
use super::start::Failure;
use super::status::Verdict;
use super::{Mailbox, Mounted, Uses};
use crate::context::Context;
use crate::probe::Asked;
use crate::time::api_time;

/// Between attempts at what failed. Upstream: `backOffPeriod`.
const AGAIN: Duration = Duration::from_secs(10);
/// Between attempts at volumes, at first and at most. Upstream: `goroutinemap/exponentialbackoff`.
const MOUNT_AGAIN: Duration = Duration::from_millis(500);
const MOUNT_AGAIN_CAP: Duration = Duration::from_secs(122);
const STATUS_AGAIN: Duration = Duration::from_secs(1);
/// How long a status may wait for the rest of what is being started. Upstream looks at runtimes this often.
const HOLD: Duration = Duration::from_secs(1);

/// The task of one pod.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact")]
pub(crate) struct Worker {
    pub(super) context: Arc<Context>,
    pub(super) pod: Arc<Pod>,
    pub(super) entries: Vec<Entry>,
    pub(super) volumes: Option<Arc<Mounted>>,
    pub(super) mount_again: Option<Timestamp>,
    pub(super) sandbox: Option<Sandbox>,
    pub(super) sandbox_again: Option<Timestamp>,
    /// All init containers are done.
    pub(super) initialized: bool,
    /// What is known differs from what was told.
    pub(super) dirty: bool,
    mount_pause: Duration,
    mailbox: Arc<Mailbox>,
    uses: Arc<Uses>,
    sandboxes: Vec<SandboxId>,
    pod_ips: Vec<String>,
    started: Time,
    life: Life,
    /// It ended by itself, so that only its end is told.
    finished: bool,
    /// The node does not take it.
    rejected: bool,
    verdict: Option<Verdict>,
    /// The API has the pod no more.
    gone: bool,
    /// The status made last.
    status: Option<PodStatus>,
    write_again: Option<Timestamp>,
    /// When to try again what failed as a whole.
    look_again: Option<Timestamp>,
    /// When something becomes possible.
    wake_at: Option<Timestamp>,
    /// Until then a status waits for the rest of what is being started.
    hold: Option<Timestamp>,
    /// When tokens in volumes must be made anew.
    refresh_at: Option<Timestamp>,
    /// Contents of volumes may be old.
    refresh_again: bool,
    /// The API knows how the pod ended from before.
    told_end: bool,
    op: Option<BoxFuture<'static, Done>>,
    write: Option<BoxFuture<'static, Result<Arc<Pod>, Unwritten>>>,
    probes: FuturesUnordered<BoxFuture<'static, Asked>>,
}

/// Where the pod is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// It shall run.
    Up,
    /// Its containers must end within so many seconds; `begun` says that they were told so.
    Stopping { grace: u64, begun: bool },
    /// Nothing runs; volumes are still there.
    Stopped,
    /// Nothing is left but its logs.
    Clean,
    /// The API was asked to forget it.
    Deleted,
}

/// What was done.
enum Done {
    Mounted(Result<Mounted, ()>),
    Refreshed,
    Sandboxed(Result<Sandbox, String>),
    Started(usize, Box<Result<ContainerStatus, Failure>>),
    Killed(k8s_cri::Result<()>),
    Stopped(Result<(), String>),
    Cleaned(Result<(), String>),
    Deleted(Result<(), Unwritten>),
}

impl Worker {
    /// The worker of a pod of which `found` was there before.
    pub(crate) fn new(context: Arc<Context>, pod: Arc<Pod>, mailbox: Arc<Mailbox>, found: Found) -> Self {
        let now = api_time(context.env.clock.now());
        let started = pod.status.as_ref().and_then(|status| status.start_time.clone()).unwrap_or(now);
        let mut worker = Self {
            entries: containers::entries(&pod),
            uses: Arc::new(Uses::new(mailbox.clone())),
            volumes: None,
            mount_again: None,
            mount_pause: MOUNT_AGAIN,
            sandbox: None,
            sandbox_again: None,
            sandboxes: Vec::new(),
            initialized: false,
            dirty: true,
            pod_ips: Vec::new(),
            life: Life::Up,
            finished: false,
            rejected: false,
            verdict: None,
            gone: false,
            status: None,
            write_again: None,
            look_again: None,
            wake_at: None,
            hold: None,
            refresh_at: None,
            refresh_again: false,
            told_end: false,
            op: None,
            write: None,
            probes: FuturesUnordered::new(),
            started,
            context,
            pod,
            mailbox,
        };
        worker.adopt(found);
        worker
    }

    /// A worker of a pod that the node does not take.
    pub(crate) fn rejecting(context: Arc<Context>, pod: Arc<Pod>, mailbox: Arc<Mailbox>, verdict: Verdict) -> Self {
        let mut worker = Self::new(context, pod, mailbox, Found::default());
        worker.life = Life::Clean;
        worker.rejected = true;
        worker.verdict = Some(verdict);
        worker
    }

    /// Takes over what an agent before this one has left.
    fn adopt(&mut self, found: Found) {
        self.sandboxes = found.sandboxes;
        if let Some(sandbox) = found.sandbox {
            self.context.routes.add(sandbox.id.clone(), self.mailbox.clone());
            self.pod_ips.clone_from(&sandbox.ips);
            self.sandbox = Some(sandbox);
        }
        for status in found.containers {
            let name = status.config.metadata.name.clone();
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.spec.name == name) else { continue };
            entry.began(status);
            let told = self.pod.status.as_ref().and_then(|status| {
                let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
                all.into_iter().find(|told| told.name == name)
            });
            if let (Some(run), Some(told)) = (&mut entry.run, told) {
                run.probes.assume(told.started == Some(true), told.ready);
            }
        }
        self.initialized = self.entries.iter().any(|entry| entry.class == Class::Main && entry.run.is_some());
    }

    /// Runs until the API has forgotten the pod and nothing of it is left.
    pub(crate) async fn run(mut self) {
        self.look_at_pod();
        loop {
            self.begin_write();
            self.begin_op();
            // Nothing more is being started, so nothing more is to be waited for.
            if self.op.is_none() && self.hold.take().is_some() {
                self.begin_write();
            }
            if self.is_done() {
                break;
            }
            self.begin_probes();
            self.wait().await;
        }
        self.forget().await;
    }

    /// Waits until something happens, and takes it in.
    async fn wait(&mut self) {
        let wake = self.wake();
        tokio::select! {
            biased;
            written = slot(&mut self.write) => {
                self.write = None;
                self.on_written(written);
            }
            done = slot(&mut self.op) => {
                self.op = None;
                self.on_done(done).await;
            }
            Some(asked) = self.probes.next(), if !self.probes.is_empty() => self.on_asked(asked),
            mail = self.mailbox.take() => self.on_mail(mail).await,
            () = sleep(wake) => {}
        }
    }
}

mod events; // what happened
mod ops; // what is done about it

/// The result of what is in a slot; never, when it is empty.
async fn slot<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// Later states of an object have higher revisions.
fn revision(pod: &Pod) -> u64 {
    pod.metadata.resource_version.as_deref().and_then(|revision| revision.parse().ok()).unwrap_or(0)
}
