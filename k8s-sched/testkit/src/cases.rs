//! The cases, one function each; see the [crate's page](crate) for what they check.

use std::sync::Arc;

use k8s_sched::event::ClusterEvent;
use k8s_sched::plugin::PostFilterContext;
use k8s_sched::{
    ClusterState, Engine, Failure, MAX_SCORE, MIN_SCORE, NodeInfo, Nominator, Plugin, PodInfo, Profile, Profiles,
    Queue, QueueOptions, Simulation, Snapshot, Status,
};

use crate::probe::{Subject, answers, probe};

/// Makes the plugin under test.
pub type Make = fn() -> Plugin;

/// The statements of a cluster's text.
fn statements(cluster: &str) -> Vec<&str> {
    cluster.split([';', '\n']).map(str::trim).filter(|statement| !statement.is_empty()).collect()
}

/// The names of the pods that wait to be scheduled.
fn pending(cluster: &str) -> Vec<&str> {
    let pods = statements(cluster).into_iter().filter_map(|statement| statement.strip_prefix("pod "));
    pods.filter(|pod| !pod.contains(" on=")).filter_map(|pod| pod.split_whitespace().next()).collect()
}

fn without<'a>(cluster: &'a str, pod: &str) -> Vec<&'a str> {
    let named = |statement: &str| statement.split_whitespace().take(2).eq(["pod", pod]);
    statements(cluster).into_iter().filter(|statement| !named(statement)).collect()
}

/// Case 1.
pub fn same_answers(make: Make, cluster: &'static str) {
    let (one, other) = (Simulation::new(cluster).with(make()), Simulation::new(cluster).with(make()));
    for pod in pending(cluster) {
        let first = one.explain(pod).to_string();
        assert_eq!(first, one.explain(pod).to_string(), "pod {pod}: asked again");
        assert_eq!(first, other.explain(pod).to_string(), "pod {pod}: asked anew");
    }
}

/// Case 2.
pub fn order_of_nodes(make: Make, cluster: &'static str) {
    let mut reversed = statements(cluster);
    reversed.reverse();
    let reversed = reversed.join(";");
    let (there, back) = (Simulation::new(cluster).with(make()), Simulation::new(&reversed).with(make()));
    for pod in pending(cluster) {
        assert_eq!(there.explain(pod).to_string(), back.explain(pod).to_string(), "pod {pod}");
    }
}

/// Case 3.
pub fn scores_in_range(make: Make, cluster: &'static str) {
    let nodes: Vec<_> = statements(cluster).into_iter().filter(|s| s.starts_with("node ")).collect();
    for left_out in 0..=nodes.len() {
        let kept = |statement: &&str| nodes.get(left_out) != Some(statement);
        let part: Vec<_> = statements(cluster).into_iter().filter(|statement| kept(statement)).collect();
        let simulation = Simulation::new(&part.join(";")).with(make());
        for pod in pending(cluster) {
            for node in simulation.explain(pod).nodes {
                for (plugin, score, _) in node.scores {
                    assert!((MIN_SCORE..=MAX_SCORE).contains(&score), "pod {pod}: {plugin} gives {score}");
                }
            }
        }
    }
}

/// Case 4.
pub fn filter_twice(make: Make, cluster: &'static str) {
    for pod in pending(cluster) {
        probe(make, cluster, pod, |_, context| {
            let state = context.state();
            assert_eq!(answers(context, &state, None), answers(context, &state, None));
        });
    }
}

/// Case 5.
pub fn no_trace(make: Make, cluster: &'static str) {
    for pod in pending(cluster) {
        probe(make, cluster, pod, |_, context| {
            for home in context.snapshot().nodes() {
                home.pods().iter().for_each(|pod| leaves_no_trace(context, home, pod));
            }
        });
    }
}

fn leaves_no_trace(context: &PostFilterContext<'_>, home: &NodeInfo, pod: &Arc<PodInfo>) {
    let (mut state, mut node) = (context.state(), home.clone());
    let before = answers(context, &state, None);
    context.remove_pod(&mut state, &mut node, pod).expect("a pod can be removed");
    context.add_pod(&mut state, &mut node, pod).expect("a pod can be added");
    let after = answers(context, &state, Some(&node));
    assert_eq!(before, after, "pod {} removed from {} and put back", pod.name(), home.name());
    let mut twin = (**pod).clone();
    twin.uid = "uid-twin".into();
    let twin = Arc::new(twin);
    context.add_pod(&mut state, &mut node, &twin).expect("a pod can be added");
    context.remove_pod(&mut state, &mut node, &twin).expect("a pod can be removed");
    let after = answers(context, &state, Some(&node));
    assert_eq!(before, after, "a second {} added to {} and removed", pod.name(), home.name());
}

/// Case 6.
pub fn removed_is_absent(make: Make, cluster: &'static str) {
    for pod in pending(cluster) {
        probe(make, cluster, pod, |subject, context| {
            for home in context.snapshot().nodes() {
                for gone in home.pods() {
                    let (mut state, mut node) = (context.state(), (**home).clone());
                    context.remove_pod(&mut state, &mut node, gone).expect("a pod can be removed");
                    let removed = answers(context, &state, Some(&node));
                    compare(subject, gone.name(), &removed);
                }
            }
        });
    }
}

/// Compares what is said after `gone` was removed in thought with what is said where it never was.
fn compare(subject: &Subject, gone: &str, removed: &[(Arc<str>, Result<(), Status>)]) {
    let absent = Simulation::new(&without(subject.cluster, gone).join(";")).with((subject.make)());
    let absent = absent.explain(&subject.pod);
    if absent.rejected.is_some() {
        return;
    }
    for explanation in &absent.nodes {
        let fits = removed.iter().any(|(name, answer)| *name == explanation.node && answer.is_ok());
        let what = format!("pod {} without {gone} on node {}", subject.pod, explanation.node);
        assert_eq!(fits, explanation.rejections.is_empty(), "{what}");
    }
}

/// Case 7.
pub fn hints(make: Make, cluster: &'static str) {
    let (state, pods) = ClusterState::parse(cluster, Profile::empty().with(make())).expect("a cluster");
    let snapshot = state.snapshot();
    for pod in &pods {
        let Some(waiting) = Waiting::after_failure(make, pod, &snapshot) else { continue };
        for node in snapshot.nodes() {
            for other in node.pods() {
                let changed = changed(&snapshot, node.name(), |node| drop(node.remove_pod(&other.uid)));
                let event = ClusterEvent::PodRemoved(other.clone());
                waiting.expect_woken(&changed, event, &format!("{} gone from {}", other.name(), node.name()));
            }
        }
    }
    for left_out in snapshot.nodes() {
        let rest = snapshot.nodes().iter().filter(|node| node.name() != left_out.name()).cloned().collect();
        let rest = Snapshot::new(rest, Arc::default());
        for pod in &pods {
            if let Some(waiting) = Waiting::after_failure(make, pod, &rest) {
                let empty = NodeInfo::new(left_out.facts().clone());
                let added = rest.nodes().iter().cloned().chain([Arc::new(empty.clone())]).collect();
                let added = Snapshot::new(added, Arc::default());
                let event = ClusterEvent::NodeAdded(Arc::new(empty));
                waiting.expect_woken(&added, event, &format!("{} added", left_out.name()));
            }
        }
    }
}

/// A snapshot with one node changed.
fn changed(snapshot: &Snapshot, name: &str, change: impl Fn(&mut NodeInfo)) -> Snapshot {
    let nodes = snapshot.nodes().iter().map(|node| {
        let mut node = (**node).clone();
        if node.name() == name {
            change(&mut node);
        }
        Arc::new(node)
    });
    Snapshot::new(nodes.collect(), Arc::default())
}

/// A pod that the plugin turned down.
struct Waiting<'a> {
    make: Make,
    pod: &'a Arc<PodInfo>,
    failure: Failure,
}

impl<'a> Waiting<'a> {
    /// `None` when the pod fits, or when nothing could help it.
    fn after_failure(make: Make, pod: &'a Arc<PodInfo>, snapshot: &Snapshot) -> Option<Self> {
        let failure = engine(make).schedule(pod, snapshot, &Nominator::default()).err()?;
        matches!(failure, Failure::Unfit(_)).then_some(Self { make, pod, failure })
    }

    /// If the pod fits now, the event must have woken it.
    fn expect_woken(&self, snapshot: &Snapshot, event: ClusterEvent, what: &str) {
        let mut engine = engine(self.make);
        let now = tokio::time::Instant::now();
        let mut queue = Queue::new(engine.profiles().clone(), QueueOptions::default());
        if queue.add(self.pod.clone(), now).is_some() {
            return;
        }
        if engine.schedule(self.pod, snapshot, &Nominator::default()).is_err() {
            return;
        }
        let queued = queue.pop(now).expect("the pod was added");
        queue.put_back(queued, &self.failure, now);
        queue.notify(&event, now);
        let (active, backoff, _) = queue.depths();
        assert_eq!(active + backoff, 1, "pod {} fits, but sleeps on: {what}", self.pod.name());
    }
}

fn engine(make: Make) -> Engine {
    let profiles = Profiles::new([Profile::empty().with(make())]).expect("one plugin makes a profile");
    Engine::new(Arc::new(profiles), k8s_env::Random::seeded(0))
}
