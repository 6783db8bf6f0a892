use std::sync::Arc;

use parking_lot::Mutex;

use crate::explain::Explanation;
use crate::plugin::IntoPlugin;
use crate::{ClusterState, Error, Failure, PodInfo, Profile, Snapshot};

/// A cluster made of text, to try plugins on. No API server, no runtime, no time.
///
/// The text is described at [`Simulation::parse`]. Pods without a node are there to be scheduled by name; each one
/// that is takes its place, so that the next one finds less room.
#[derive(Debug)]
pub struct Simulation {
    text: String,
    profile: Profile,
    seed: u64,
    pending: Vec<Arc<PodInfo>>,
    /// Made at the first question, with the profile as it is then.
    state: Mutex<Option<ClusterState>>,
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
        let (_, pending) = ClusterState::parse(text, Profile::empty())?;
        let (text, profile, state) = (text.to_owned(), Profile::empty(), Mutex::default());
        Ok(Self { text, profile, seed: 0, pending, state })
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
    ///
    /// # Panics
    /// When the profile cannot be run.
    pub fn snapshot(&self) -> Snapshot {
        self.with_state(|state| state.snapshot())
    }

    /// Schedules the pod with this name and puts it on the node found.
    ///
    /// # Panics
    /// When no pod with this name waits to be scheduled, or the profile cannot be run.
    pub fn schedule(&self, name: &str) -> Outcome {
        let pod = self.pending(name);
        Outcome { pod: pod.key(), result: self.with_state(|state| state.schedule(pod)) }
    }

    /// Says what each plugin thinks of each node for the pod with this name; changes nothing.
    ///
    /// # Panics
    /// When no pod with this name waits to be scheduled, or a plugin is broken.
    pub fn explain(&self, name: &str) -> Explanation {
        let pod = self.pending(name);
        match self.with_state(|state| state.explain(pod)) {
            Ok(explanation) => explanation,
            Err(failure) => panic!("pod {name}: {failure}"),
        }
    }

    fn with_state<T>(&self, ask: impl FnOnce(&mut ClusterState) -> T) -> T {
        let mut state = self.state.lock();
        ask(state.get_or_insert_with(|| {
            let made = ClusterState::new(self.profile.clone(), self.seed);
            match made.and_then(|mut state| state.read(&self.text).map(|_| state)) {
                Ok(state) => state,
                Err(error) => panic!("{error}"),
            }
        }))
    }

    fn pending(&self, name: &str) -> &Arc<PodInfo> {
        match self.pod(name) {
            Some(pod) => pod,
            None => panic!("no pod {name} waits to be scheduled"),
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
