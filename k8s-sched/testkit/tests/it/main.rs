//! The judge is judged: each case finds a plugin that breaks its rule.

use std::sync::atomic::{AtomicI64, Ordering};

use k8s_sched::event::{ClusterEvent, EventKinds, Hint};
use k8s_sched::plugin::{Candidates, Enqueue, Plugin, PreFilter, PreFilterExtensions};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Score, Snapshot, Status};
use k8s_sched_testkit::{CLUSTERS, cases};

/// Answers yes every other time.
#[derive(Default)]
struct Moody(AtomicI64);

impl Filter for Moody {
    fn name(&self) -> &'static str {
        "Moody"
    }

    fn filter(&self, _: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<(), Status> {
        if self.0.fetch_add(1, Ordering::Relaxed) % 3 == 0 { Ok(()) } else { Err(Status::unschedulable("not now")) }
    }
}

/// Gives more than may be given.
struct Lavish;

impl Score for Lavish {
    fn name(&self) -> &'static str {
        "Lavish"
    }

    fn score(&self, _: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<i64, Status> {
        Ok(101)
    }
}

/// Turns down nodes in a cluster with more than three pods; does not notice when pods go, and sleeps on events.
struct Crowded;

#[derive(Clone)]
struct Pods(usize);

impl PreFilter for Crowded {
    fn pre_filter(&self, state: &mut CycleState, _: &PodInfo, snapshot: &Snapshot) -> Result<Candidates, Status> {
        state.insert(Pods(snapshot.nodes().iter().map(|node| node.pods().len()).sum()));
        Ok(Candidates::All)
    }
}

impl PreFilterExtensions for Crowded {
    fn add_pod(&self, state: &mut CycleState, _: &PodInfo, _: &PodInfo, _: &NodeInfo) -> Result<(), Status> {
        state.get_mut::<Pods>().into_iter().for_each(|pods| pods.0 += 1);
        Ok(())
    }

    fn remove_pod(&self, _: &mut CycleState, _: &PodInfo, _: &PodInfo, _: &NodeInfo) -> Result<(), Status> {
        Ok(())
    }
}

impl Filter for Crowded {
    fn name(&self) -> &'static str {
        "Crowded"
    }

    fn filter(&self, state: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<(), Status> {
        let pods = state.get::<Pods>().map_or(0, |pods| pods.0);
        if pods >= 3 { Err(Status::unschedulable("crowded")) } else { Ok(()) }
    }
}

impl Enqueue for Crowded {
    fn events(&self) -> EventKinds {
        EventKinds::ALL
    }

    fn hint(&self, _: &PodInfo, _: &ClusterEvent) -> Hint {
        Hint::Skip
    }
}

fn crowded() -> Plugin {
    Plugin::new("Crowded", Crowded).pre_filter().pre_filter_extensions().filter().enqueue().build()
}

/// Three pods in the cluster make it crowded; one more or less decides.
const EDGE: &str = "node a; node b; pod q on=a; pod r on=a; pod s on=b; pod p";
/// One pod too few.
const BELOW: &str = "node a; node b; pod q on=a; pod r on=a; pod p";

#[test]
#[should_panic(expected = "asked again")]
fn same_answers() {
    cases::same_answers(|| Plugin::new("Moody", Moody::default()).filter().build(), CLUSTERS[0]);
}

#[test]
#[should_panic(expected = "pod big")]
fn order_of_nodes() {
    cases::order_of_nodes(|| Plugin::new("Moody", Moody::default()).filter().build(), CLUSTERS[0]);
}

#[test]
#[should_panic(expected = "invalid score 101")]
fn scores_in_range() {
    cases::scores_in_range(|| Plugin::new("Lavish", Lavish).score().build(), CLUSTERS[0]);
}

#[test]
#[should_panic(expected = "assertion `left == right` failed")]
fn filter_twice() {
    cases::filter_twice(|| Plugin::new("Moody", Moody::default()).filter().build(), CLUSTERS[0]);
}

#[test]
#[should_panic(expected = "put back")]
fn no_trace() {
    cases::no_trace(crowded, BELOW);
}

#[test]
#[should_panic(expected = "pod p without q on node a")]
fn removed_is_absent() {
    cases::removed_is_absent(crowded, EDGE);
}

#[test]
#[should_panic(expected = "pod p fits, but sleeps on: q gone from a")]
fn hints() {
    cases::hints(crowded, EDGE);
}
