use std::sync::Arc;

use k8s_env::Random;
use parking_lot::Mutex;

use crate::explain::Explanation;
use crate::fixture::Fixture;
use crate::plugin::IntoPlugin;
use crate::{Cache, Engine, Error, Failure, Nominator, PodInfo, Profile, Profiles, Snapshot};

/// A cluster made of text, to try plugins on. No API server, no runtime, no time.
///
/// The text is described at [`Simulation::parse`]. Pods without a node are there to be scheduled by name; each one
/// that is takes its place, so that the next one finds less room.
#[derive(Debug)]
pub struct Simulation {
    profile: Profile,
    pending: Vec<Arc<PodInfo>>,
    inner: Mutex<Inner>,
    seed: u64,
}

#[derive(Debug)]
struct Inner {
    cache: Cache,
    snapshot: Snapshot,
    /// Made at the first question, from the profile as it is then.
    engine: Option<Engine>,
}

/// How a pod fared in a [`Simulation`].
#[derive(Debug)]
pub struct Outcome {
    pod: String,
    result: Result<Arc<str>, Failure>,
}

impl Simulation {
    /// A simulation of the cluster that `text` describes, with no plugin.
    ///
    /// # Panics
    /// When the text is not understood: it is part of a test. See [`Simulation::parse`].
    pub fn new(text: &str) -> Self {
        match Self::parse(text) {
            Ok(simulation) => simulation,
            Err(error) => panic!("{error}"),
        }
    }

    #[doc = include_str!("fixture.md")]
    ///
    /// # Errors
    /// [`Error::Fixture`] when a part is not understood.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fixture = Fixture::parse(text)?;
        let (mut cache, mut pending) = (Cache::new(), Vec::new());
        for facts in fixture.nodes {
            cache.set_node(facts);
        }
        for pod in fixture.pods.into_iter().map(Arc::new) {
            match pod.node_name.clone() {
                Some(node) => drop(cache.set_pod(pod, &node)),
                None => pending.push(pod),
            }
        }
        let inner = Mutex::new(Inner { cache, snapshot: Snapshot::default(), engine: None });
        Ok(Self { profile: Profile::default(), pending, inner, seed: 0 })
    }

    /// Schedules with `profile`.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a plugin to the profile.
    pub fn with<Kind>(mut self, plugin: impl IntoPlugin<Kind>) -> Self {
        self.profile = self.profile.with(plugin);
        self
    }

    /// Breaks ties between equally good nodes by another seed than 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The pod with this name, if it waits to be scheduled.
    pub fn pod(&self, name: &str) -> Option<&Arc<PodInfo>> {
        self.pending.iter().find(|pod| &*pod.name == name)
    }

    /// All nodes as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let mut inner = self.inner.lock();
        inner.refresh();
        inner.snapshot.clone()
    }

    /// Schedules the pod with this name and puts it on the node found.
    ///
    /// # Panics
    /// When no pod with this name waits to be scheduled, or the profile cannot be run.
    pub fn schedule(&self, name: &str) -> Outcome {
        let pod = self.pending(name);
        let mut inner = self.inner.lock();
        inner.prepare(&self.profile, self.seed);
        let Inner { cache, snapshot, engine } = &mut *inner;
        let engine = engine.as_mut().expect("prepared above");
        let result = engine.schedule(pod, snapshot, &Nominator::default()).map(|decision| decision.node);
        if let Ok(node) = &result {
            cache.set_pod(pod.clone(), node);
        }
        Outcome { pod: pod.key(), result }
    }

    /// Says what each plugin thinks of each node for the pod with this name; changes nothing.
    ///
    /// # Panics
    /// When no pod with this name waits to be scheduled, or a plugin is broken.
    pub fn explain(&self, name: &str) -> Explanation {
        let pod = self.pending(name);
        let mut inner = self.inner.lock();
        inner.prepare(&self.profile, self.seed);
        let engine = inner.engine.as_ref().expect("prepared above");
        match Explanation::of(engine.profiles(), pod, &inner.snapshot, &Nominator::default()) {
            Ok(explanation) => explanation,
            Err(failure) => panic!("pod {name}: {failure}"),
        }
    }

    fn pending(&self, name: &str) -> &Arc<PodInfo> {
        match self.pod(name) {
            Some(pod) => pod,
            None => panic!("no pod {name} waits to be scheduled"),
        }
    }
}

impl Inner {
    fn refresh(&mut self) {
        self.cache.refresh(&mut self.snapshot);
    }

    fn prepare(&mut self, profile: &Profile, seed: u64) {
        self.refresh();
        if self.engine.is_none() {
            let profiles = match Profiles::new([profile.clone()]) {
                Ok(profiles) => Arc::new(profiles),
                Err(error) => panic!("{error}"),
            };
            self.engine = Some(Engine::new(profiles, Random::seeded(seed)));
        }
    }
}

impl Outcome {
    /// The node the pod is on now.
    ///
    /// # Panics
    /// When it found none, with the message it would have got in a cluster.
    pub fn node(&self) -> &str {
        match &self.result {
            Ok(node) => node,
            Err(failure) => panic!("pod {}: {failure}", self.pod),
        }
    }

    /// The node, or why there is none.
    ///
    /// # Errors
    /// The failure.
    pub fn result(&self) -> Result<&str, &Failure> {
        self.result.as_deref()
    }

    /// The message that the pod would have got in a cluster, if it found no node.
    pub fn message(&self) -> Option<String> {
        self.result.as_ref().err().map(ToString::to_string)
    }
}
