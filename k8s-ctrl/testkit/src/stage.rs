use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_api::{Status, UserInfo};
use k8s_api_client::{Client, DeleteOptions};
use k8s_ctrl::Running;
use k8s_env::Random;
use tokio::time::Instant;

use crate::ledger::Ledger;
use crate::scenario::Step;
use crate::state::{State, Stored};
use crate::{Faults, Role, Scenario, Weather, World};

/// How often the other parts of the cluster look around while something happens, and how often else.
const BEAT: Duration = Duration::from_secs(1);
const SLOW_BEAT: Duration = Duration::from_secs(5);
/// After so long without anything, nothing happens.
const QUIET: Duration = Duration::from_secs(5);
/// The longest that a work queue waits before it tries again what failed, and a little more.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1100);
/// A world that is still at work after so long never comes to rest.
const LIMIT: Duration = Duration::from_secs(4 * 60 * 60);

/// One run of a scenario.
pub(crate) struct Stage {
    scenario: Scenario,
    world: World,
    faults: Faults,
    ledgers: Vec<Ledger>,
    running: Option<Running>,
}

/// Runs a story in simulated time on a runtime of its own.
pub(crate) fn simulate<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O can be made").block_on(story)
}

impl Stage {
    /// A world with what is given in it; the controllers are not there yet.
    pub(crate) async fn set(scenario: Scenario, seed: u64) -> Self {
        let world = World::new(seed, scenario.rbac).await;
        let faults = Faults::new(world.admin().transport().clone(), Random::seeded(!seed));
        let stage = Self { scenario, world, faults, ledgers: Vec::new(), running: None };
        for manifest in stage.scenario.given.clone() {
            stage.apply(&manifest).await;
        }
        while stage.beat(BEAT).await {}
        stage
    }

    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Somebody else joins in.
    pub(crate) fn add(&mut self, role: impl Role) {
        self.scenario.roles.push(Arc::new(role));
    }

    /// Starts the controllers anew; those that ran before are dropped.
    pub(crate) fn start(&mut self) -> Ledger {
        drop(self.running.take());
        let ledger = Ledger::new(Arc::new(self.faults.clone()), *self.world.clock());
        let client = Client::new(Arc::new(ledger.clone()), UserInfo::admin());
        self.running = Some(self.scenario.controllers.start(&client, self.world.env()));
        self.ledgers.push(ledger.clone());
        ledger
    }

    /// What was started last, to be stopped.
    pub(crate) fn take(&mut self) -> Running {
        self.running.take().expect("a case stops what it has started")
    }

    /// How many steps the scenario has.
    pub(crate) fn n_steps(&self) -> usize {
        self.scenario.steps.len()
    }

    pub(crate) async fn step(&self, step: usize) {
        match &self.scenario.steps[step] {
            Step::Apply(manifest) => self.apply(manifest).await,
            Step::Delete(manifest) => self.delete(manifest).await,
        }
    }

    /// All steps, each once the world is at rest after the one before; then the rest.
    pub(crate) async fn all_steps(&self) {
        for step in 0..self.n_steps() {
            self.step(step).await;
            self.rest().await;
        }
    }

    /// Takes the first step back.
    pub(crate) async fn undo(&self) {
        if let Step::Apply(manifest) = &self.scenario.steps[0] {
            self.delete(manifest).await;
        }
    }

    /// Takes the first step back and goes it again, as far as that is possible at once.
    pub(crate) async fn stir(&self) {
        self.undo().await;
        if let Step::Apply(manifest) = &self.scenario.steps[0] {
            let _ = self.world.admin().apply(manifest).await;
        }
    }

    async fn apply(&self, manifest: &str) {
        self.world.admin().apply(manifest).await.unwrap_or_else(|status| fail(manifest, &status));
    }

    async fn delete(&self, manifest: &str) {
        let named = Stored::read(manifest);
        let named = named.unwrap_or_else(|status| fail(manifest, &status));
        for object in named.iter().rev() {
            object.delete(&self.world, DeleteOptions::default()).await.unwrap_or_else(|status| fail(manifest, &status));
        }
    }

    /// Some time passes, then all others look around; whether somebody did something.
    async fn beat(&self, time: Duration) -> bool {
        tokio::time::sleep(time).await;
        let mut busy = false;
        for role in &self.scenario.roles {
            busy |= role.play(&self.world).await.unwrap_or_else(|status| fail("a role", &status));
        }
        busy
    }

    async fn pass(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.beat(BEAT).await;
        }
    }

    /// As [`Stage::pass`] where nothing is expected to happen.
    pub(crate) async fn idle(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.beat(SLOW_BEAT).await;
        }
    }

    /// Waits until nothing has happened for as long as the scenario's patience, or as what failed may wait to be tried
    /// again.
    pub(crate) async fn rest(&self) {
        let begun = Instant::now();
        let mut quiet_since = begun;
        let mut writes = self.writes();
        while quiet_since.elapsed() < self.patience() {
            let quiet = quiet_since.elapsed() >= QUIET;
            let busy = self.beat(if quiet { SLOW_BEAT } else { BEAT }).await;
            if busy || self.writes() != writes {
                quiet_since = Instant::now();
                writes = self.writes();
            }
            let restless = begun.elapsed() >= LIMIT || self.ledgers.iter().any(Ledger::is_exhausted);
            assert!(!restless, "the world does not come to rest; the last requests:\n{}", self.tail());
        }
    }

    fn patience(&self) -> Duration {
        let refused = self.ledgers.last().is_some_and(Ledger::was_refused);
        if refused { self.scenario.patience.max(LONGEST_BACKOFF) } else { self.scenario.patience }
    }

    /// What a controller goes through: so much time in this weather, then calm until the world rests.
    pub(crate) async fn storm(&self, weather: Weather, time: Duration) {
        self.faults.set(weather);
        self.pass(time).await;
        self.faults.set(Weather::default());
        self.rest().await;
    }

    fn writes(&self) -> u64 {
        self.ledgers.iter().map(Ledger::writes).sum()
    }

    pub(crate) fn tail(&self) -> String {
        self.ledgers.last().map(Ledger::tail).unwrap_or_default()
    }

    /// How many objects of each resource the controllers have made, in all their lives.
    pub(crate) fn created(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (resource, count) in self.ledgers.iter().flat_map(Ledger::created) {
            *all.entry(resource).or_default() += count;
        }
        all
    }

    pub(crate) async fn stored(&self) -> Vec<Stored> {
        Stored::all(self.world.store()).await.unwrap_or_else(|status| fail("the store", &status))
    }

    pub(crate) async fn state(&self) -> State {
        State::of(self.stored().await)
    }
}

fn fail<T>(what: &str, status: &Status) -> T {
    panic!("{what}: {status}")
}
