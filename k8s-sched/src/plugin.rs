//! What a plugin implements: one trait per extension point, in the order in which the engine calls them.
//!
//! All of these are synchronous and pure over what they are given, except [`PreBind`], [`Bind`] and [`PostBind`],
//! which act. A plugin implements those it needs and is put together with [`Plugin::new`]; one that only filters or
//! only scores can be handed to [`Profile::with`](crate::Profile::with) as it is.
//!
//! Upstream: `k8s.io/kube-scheduler/framework/interface.go`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::event::{ClusterEvent, EventKinds, Hint};
use crate::{CycleState, NodeInfo, PodInfo, QueuedPod, Snapshot, Status};

mod assemble;
mod post_filter;
mod registry;

pub(crate) use assemble::Points;
pub use assemble::{IntoPlugin, OnlyFilter, OnlyScore, Plugin, PluginBuilder, Whole};
pub use post_filter::{Nomination, PostFilterContext, PostFiltered};
pub use registry::Registry;

/// The highest score a node may have from one plugin after normalization.
pub const MAX_SCORE: i64 = 100;

/// The lowest score a node may have from one plugin after normalization.
pub const MIN_SCORE: i64 = 0;

/// Decides whether a pod may enter the queue at all.
pub trait PreEnqueue: Send + Sync {
    /// Admits the pod or says what it waits for.
    ///
    /// Called when the pod appears and whenever an event could change the answer; should be cheap.
    ///
    /// # Errors
    /// A rejection keeps the pod out: no cycle is spent on it, and no event is recorded, until an event wakes it.
    fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), Status>;
}

/// Orders the queue. A profile has at most one; without any, higher priority and then longer wait come first.
pub trait QueueSort: Send + Sync {
    /// Which of two pods is tried first: `Less` means `a`.
    fn compare(&self, a: &QueuedPod, b: &QueuedPod) -> Ordering;
}

/// What a [`PreFilter`] leaves for the filters to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// Every node: this plugin's filter is asked about each.
    All,
    /// Every node, and this plugin's filter has nothing to say about this pod and is not asked.
    Skip,
    /// Only these nodes; the others get "didn't satisfy plugin(s)" without being looked at.
    Only(BTreeSet<Arc<str>>),
}

/// Looks at pod and cluster once per cycle, before the filters.
pub trait PreFilter: Send + Sync {
    /// Computes what the filter needs per pod, writes it to `state`, and may narrow the nodes.
    ///
    /// # Errors
    /// `Unresolvable` ends the cycle, unschedulable; `Unschedulable` does too after all others have run, so that
    /// preemption can be tried.
    fn pre_filter(&self, state: &mut CycleState, pod: &PodInfo, snapshot: &Snapshot) -> Result<Candidates, Status>;
}

/// Follows pods put on or taken off a node in thought, for a plugin whose state of [`PreFilter`] depends on pods.
///
/// Adding a pod and removing it again must leave the state as it was.
pub trait PreFilterExtensions: Send + Sync {
    /// `added` is now on `node`.
    ///
    /// # Errors
    /// Any ends the thought experiment.
    fn add_pod(&self, state: &mut CycleState, pod: &PodInfo, added: &PodInfo, node: &NodeInfo) -> Result<(), Status>;

    /// `removed` is no longer on `node`.
    ///
    /// # Errors
    /// Any ends the thought experiment.
    fn remove_pod(
        &self,
        state: &mut CycleState,
        pod: &PodInfo,
        removed: &PodInfo,
        node: &NodeInfo,
    ) -> Result<(), Status>;
}

/// Rules out nodes.
pub trait Filter: Send + Sync {
    /// The name under which rejections are told.
    fn name(&self) -> &str;

    /// Admits the node or says why not.
    ///
    /// Called for thousands of nodes per pod: should not allocate. The same arguments must give the same answer.
    ///
    /// # Errors
    /// `Unschedulable` and `Unresolvable` rule out the node; the remaining filters are not asked about it.
    fn filter(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status>;
}

/// Tries to make room when no node fits.
pub trait PostFilter: Send + Sync {
    /// Nominates a node, and pods to evict from it, after which the pod would fit.
    ///
    /// # Errors
    /// `Unschedulable` lets the next plugin try, `Unresolvable` ends the search; the reasons end up in the pod's
    /// message. An earlier nomination stays.
    fn post_filter(&self, cycle: &PostFilterContext<'_>, pod: &PodInfo) -> Result<PostFiltered, Status>;
}

/// What a [`PreScore`] says about its plugin's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scoring {
    /// The plugin scores every feasible node.
    Needed,
    /// The plugin has nothing to say about this pod; it is not asked and adds nothing.
    Skip,
}

/// Looks at the feasible nodes once per cycle, before they are scored.
pub trait PreScore: Send + Sync {
    /// Computes what the score needs and writes it to `state`. `nodes` are the feasible ones.
    ///
    /// # Errors
    /// Any ends the cycle with an error.
    fn pre_score(
        &self,
        state: &mut CycleState,
        pod: &PodInfo,
        nodes: &[Arc<NodeInfo>],
        snapshot: &Snapshot,
    ) -> Result<Scoring, Status>;
}

/// Ranks feasible nodes.
pub trait Score: Send + Sync {
    /// The name under which scores are told.
    fn name(&self) -> &str;

    /// The node's score, from [`MIN_SCORE`] to [`MAX_SCORE`] unless the plugin also implements [`Normalize`].
    ///
    /// Not asked when only one node is feasible. The same arguments must give the same score.
    ///
    /// # Errors
    /// Any ends the cycle with an error.
    fn score(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<i64, Status>;
}

/// A node and its score, to be normalized.
#[derive(Clone, Copy, Debug)]
pub struct NodeScore<'a> {
    /// The node.
    pub node: &'a NodeInfo,
    /// Its score so far.
    pub score: i64,
}

/// Brings a plugin's scores into the range of [`MIN_SCORE`] to [`MAX_SCORE`].
pub trait Normalize: Send + Sync {
    /// Changes the scores in place.
    ///
    /// # Errors
    /// Any ends the cycle with an error.
    fn normalize(&self, state: &CycleState, pod: &PodInfo, scores: &mut [NodeScore<'_>]) -> Result<(), Status>;
}

/// Keeps books of its own about who is where.
pub trait Reserve: Send + Sync {
    /// Notes that the pod will go to the node.
    ///
    /// # Errors
    /// Any undoes the decision: every plugin's `unreserve` runs, in reverse.
    fn reserve(&self, state: &mut CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status>;

    /// Forgets it again. Must be idempotent: it also runs for plugins whose `reserve` has not.
    fn unreserve(&self, state: &CycleState, pod: &PodInfo, node: &str);
}

/// What a [`Permit`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The pod goes on to be bound.
    Allow,
    /// The pod waits, its node reserved, until it is allowed through [`WaitingPods`](crate::WaitingPods); when the
    /// time is over it is rejected.
    Wait(Duration),
}

/// Holds a decided pod back.
pub trait Permit: Send + Sync {
    /// Allows the pod to be bound, now or later.
    ///
    /// # Errors
    /// Any undoes the decision.
    fn permit(&self, state: &CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<Permission, Status>;
}

/// Prepares what the pod needs on its node before it is bound.
pub trait PreBind: Send + Sync {
    /// Does the work. Cancellation: the future is dropped when the scheduler stops; what it did is left as it is.
    ///
    /// # Errors
    /// Any undoes the decision.
    fn pre_bind<'a>(
        &'a self,
        state: &'a CycleState,
        pod: &'a PodInfo,
        node: &'a str,
    ) -> BoxFuture<'a, Result<(), Status>>;
}

/// What a [`Bind`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The pod is bound; no other plugin is asked.
    Bound,
    /// This plugin does not care for this pod; the next one is asked.
    NotMine,
}

/// What a [`Bind`] may use.
pub trait BindHandle: Send + Sync {
    /// Creates the pod's binding to the node at the API server.
    fn create_binding<'a>(&'a self, pod: &'a PodInfo, node: &'a str) -> BoxFuture<'a, Result<(), Status>>;
}

/// Binds a pod to its node.
pub trait Bind: Send + Sync {
    /// Binds, or leaves it to the next plugin.
    ///
    /// Cancellation: dropping the future does not say whether the pod was bound; the watch will.
    ///
    /// # Errors
    /// Any undoes the decision.
    fn bind<'a>(
        &'a self,
        handle: &'a dyn BindHandle,
        pod: &'a PodInfo,
        node: &'a str,
    ) -> BoxFuture<'a, Result<Binding, Status>>;
}

/// Hears that a pod was bound.
pub trait PostBind: Send + Sync {
    /// Informational; cannot fail.
    fn post_bind(&self, state: &CycleState, pod: &PodInfo, node: &str);
}

/// Says which events may make a pod schedulable that this plugin rejected.
///
/// A plugin without it wakes its pods at every event.
pub trait Enqueue: Send + Sync {
    /// The kinds of events worth asking about.
    fn events(&self) -> EventKinds;

    /// Whether `event` may make `pod` schedulable. Called only for kinds in [`Enqueue::events`].
    fn hint(&self, pod: &PodInfo, event: &ClusterEvent) -> Hint;
}

/// Scales scores so that the highest becomes [`MAX_SCORE`]; reversed, so that it becomes [`MIN_SCORE`].
///
/// Upstream: `helper.DefaultNormalizeScore`.
pub fn normalize_by_highest(scores: &mut [NodeScore<'_>], reverse: bool) {
    let highest = scores.iter().map(|s| s.score).max().unwrap_or(0).max(0);
    for score in scores {
        let scaled = if highest == 0 { 0 } else { MAX_SCORE * score.score / highest };
        score.score = match (reverse, highest) {
            (true, _) => MAX_SCORE - scaled,
            (false, 0) => score.score,
            (false, _) => scaled,
        };
    }
}
