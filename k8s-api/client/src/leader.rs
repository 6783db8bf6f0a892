//! Leader election: of several candidates one at a time holds a Lease.
//!
//! Upstream: `k8s.io/client-go/tools/leaderelection`.

mod lock;
mod term;

use std::time::Duration;

use k8s_env::Env;
use tokio::time::Instant;

use crate::Client;
use lock::{Lock, Record};
pub use term::Leadership;

/// Upstream's factor: retries come after the period and up to 1.2 times as much again.
const JITTER: f64 = 1.2;

/// Who stands for election, for what, and how patiently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// The Lease's namespace, `kube-system`.
    pub namespace: String,
    /// The Lease's name, `kube-scheduler`.
    pub name: String,
    /// The candidate, unique among all: upstream uses `HOST_UUID`.
    pub identity: String,
    /// How long others wait after the last renewal they saw before they take over; 15 s. Whole seconds.
    pub lease_duration: Duration,
    /// How long the leader tries to renew before it gives up; 10 s. Shorter than the lease.
    pub renew_deadline: Duration,
    /// The pause between two attempts; 2 s.
    pub retry_period: Duration,
}

/// A candidate.
#[derive(Debug)]
pub struct Candidate {
    election: Election,
    lock: Lock,
    env: Env,
    observed: Observed,
}

/// What a candidate last saw, and when. Times within the record are another machine's and are not compared with ours.
#[derive(Debug, Default)]
struct Observed {
    record: Option<Record>,
    at: Option<Instant>,
}

impl Election {
    /// An election with upstream's times.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

impl Candidate {
    /// Stands for election; nothing is sent yet.
    pub fn new(client: &Client, election: Election, env: Env) -> Self {
        let lock = Lock::new(client, &election.namespace, &election.name);
        Self { election, lock, env, observed: Observed::default() }
    }

    /// Waits until this candidate leads.
    ///
    /// # Cancellation
    /// When the future is dropped during an attempt, the Lease may have been taken; it runs out by itself.
    pub async fn lead(mut self) -> Leadership {
        while !self.attempt().await {
            let jitter = self.env.random.unit() * JITTER;
            tokio::time::sleep(self.election.retry_period.mul_f64(1.0 + jitter)).await;
        }
        tracing::info!(lease = %self.election.name, identity = %self.election.identity, "became leader");
        Leadership::begin(self)
    }

    /// Tries once to take or renew the Lease.
    async fn attempt(&mut self) -> bool {
        let outcome = self.try_attempt().await;
        outcome.unwrap_or_else(|status| {
            tracing::debug!(lease = %self.election.name, %status, "failed to acquire or renew");
            self.lock.forget();
            false
        })
    }

    async fn try_attempt(&mut self) -> Result<bool, k8s_api::Status> {
        let now = self.env.clock.now();
        let mut record = Record::starting(&self.election, now);
        // The holder of a valid lease needs not read it again: nobody else writes it meanwhile.
        if self.is_leader() && self.is_valid() && self.lock.is_known() {
            record.continues(self.observed.record.as_ref());
            if self.lock.update(&record).await.is_ok() {
                self.observe(record);
                return Ok(true);
            }
        }
        let Some(found) = self.lock.read().await? else {
            self.lock.create(&record).await?;
            self.observe(record);
            return Ok(true);
        };
        if self.observed.record.as_ref() != Some(&found) {
            self.observe(found.clone());
        }
        if !found.holder.is_empty() && self.is_valid() && !self.is_leader() {
            return Ok(false);
        }
        if self.is_leader() {
            record.continues(Some(&found));
        } else {
            record.transitions = found.transitions + 1;
        }
        self.lock.update(&record).await?;
        self.observe(record);
        Ok(true)
    }

    /// Gives the Lease back, so that the next candidate need not wait.
    async fn release(&mut self) -> Result<(), k8s_api::Status> {
        let Some(found) = self.lock.read().await? else { return Ok(()) };
        if found.holder != self.election.identity {
            return Ok(());
        }
        let now = self.env.clock.now();
        let mut record = Record::starting(&self.election, now);
        record.holder.clear();
        record.duration_seconds = 1;
        record.transitions = found.transitions;
        self.lock.update(&record).await
    }

    fn observe(&mut self, record: Record) {
        self.observed = Observed { record: Some(record), at: Some(Instant::now()) };
    }

    fn is_leader(&self) -> bool {
        self.observed.record.as_ref().is_some_and(|record| record.holder == self.election.identity)
    }

    fn is_valid(&self) -> bool {
        let (Some(record), Some(at)) = (&self.observed.record, self.observed.at) else { return false };
        let lasts = Duration::from_secs(u64::try_from(record.duration_seconds).unwrap_or_default());
        Instant::now() < at + lasts
    }
}
