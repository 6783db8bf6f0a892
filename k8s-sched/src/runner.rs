//! The scheduler at work: follows a cluster, decides, and acts on it.

use std::future::Future;

use k8s_api_client::events::{EventApi, Source};
use k8s_api_client::{Client, Informers, Recorder};
use k8s_env::{Env, Tasks};

use crate::profile::{DEFAULT_SCHEDULER_NAME, Profile, Profiles};
use crate::{Error, QueueOptions};

mod act;
mod evict;
mod feed;
mod observe;
mod report;
mod turn;
mod waiting;

pub use waiting::WaitingPods;

/// A scheduler for a cluster, as [`Client`]'s identity; upstream's is `system:kube-scheduler`.
///
/// It needs to read nodes, pods, namespaces, services, controllers of pods and disruption budgets; to create bindings
/// and events; to patch the status of pods; and to delete the pods that it preempts.
#[derive(Debug)]
pub struct Scheduler {
    client: Client,
    env: Option<Env>,
    profiles: Vec<Profile>,
    queue: QueueOptions,
    waiting: WaitingPods,
}

impl Scheduler {
    /// A scheduler without profiles: it schedules nothing until it is given some.
    pub fn new(client: Client) -> Self {
        let (queue, waiting) = (QueueOptions::default(), WaitingPods::default());
        Self { client, env: None, profiles: Vec::new(), queue, waiting }
    }

    /// Schedules the pods that ask for `scheduler_name` as `profile` says.
    pub fn profile(mut self, scheduler_name: &str, profile: Profile) -> Self {
        self.profiles.push(profile.named(scheduler_name));
        self
    }

    /// Schedules the pods that ask for no particular scheduler as `profile` says.
    pub fn default_profile(self, profile: Profile) -> Self {
        self.profile(DEFAULT_SCHEDULER_NAME, profile)
    }

    /// Takes time and randomness from `env` instead of the system.
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
        self
    }

    /// How long failed pods wait.
    pub fn queue(mut self, options: QueueOptions) -> Self {
        self.queue = options;
        self
    }

    /// The pods that a [`Permit`](crate::plugin::Permit) plugin holds back, to let them go.
    pub fn waiting_pods(&self) -> WaitingPods {
        self.waiting.clone()
    }

    /// Schedules until `stop` is ready.
    ///
    /// # Cancellation
    /// Dropping the future stops at once, as `stop` does: bindings under way are cut off, and whether they happened is
    /// for the next scheduler to read. Nothing needs to be undone.
    ///
    /// # Errors
    /// [`Error::Profile`] when a profile cannot be run. Failures to talk to the server are tried again for ever.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let env = self.env.unwrap_or_else(Env::system);
        let profiles = Profiles::new(self.profiles)?;
        let tasks = Tasks::new();
        let informers = Informers::new(self.client.clone(), env.clone());
        let source = Source::component(DEFAULT_SCHEDULER_NAME);
        let recorder = Recorder::start(self.client.clone(), EventApi::Events, source, env.clone(), &tasks.spawner());
        let mut turn =
            turn::Turn::new(&self.client, &informers, profiles, self.queue, recorder, &env, &tasks, self.waiting);
        tokio::select! {
            biased;
            () = stop => {}
            () = turn.run() => {}
        }
        drop(turn);
        tasks.stop().await;
        informers.stop().await;
        Ok(())
    }
}
