use std::sync::Arc;
use std::time::Duration;

use k8s_env::Random;
use k8s_sched::event::ClusterEvent;
use k8s_sched::{
    Engine, Failure, NodeInfo, Nominator, PodInfo, Profile, Profiles, Queue, QueueOptions, QueuedPod, Simulation,
    Snapshot,
};
use tokio::time::Instant;

use crate::plugins::{Cpu, Gate};

struct Scene {
    engine: Engine,
    snapshot: Snapshot,
    queue: Queue,
    start: Instant,
    simulation: Simulation,
}

/// One node too small for pods that want more than 1 CPU, and one pod `q` on it.
fn scene(pods: &str) -> Scene {
    let simulation = Simulation::new(&format!("node a cpu=1; pod q on=a; {pods}"));
    let profile = Profile::empty().with(Gate::plugin()).with(Cpu::plugin());
    let profiles = Arc::new(Profiles::new([profile]).unwrap());
    let queue = Queue::new(profiles.clone(), QueueOptions::default());
    let engine = Engine::new(profiles, Random::seeded(1));
    Scene { engine, snapshot: simulation.snapshot(), queue, start: Instant::now(), simulation }
}

impl Scene {
    fn pod(&self, name: &str) -> Arc<PodInfo> {
        self.simulation.pod(name).unwrap().clone()
    }

    fn add(&mut self, names: &[&str]) {
        for name in names {
            let pod = self.pod(name);
            self.queue.add(pod, self.start);
        }
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    fn pop(&mut self, millis: u64) -> Option<QueuedPod> {
        let at = self.at(millis);
        self.queue.pop(at)
    }

    fn fail(&mut self, queued: QueuedPod, millis: u64) {
        let failure = self.engine.schedule(&queued.pod, &self.snapshot, &Nominator::default()).unwrap_err();
        let at = self.at(millis);
        self.queue.put_back(queued, &failure, at);
    }

    fn removed(&mut self, millis: u64) {
        let gone = self.snapshot.nodes()[0].pods()[0].clone();
        let at = self.at(millis);
        self.queue.notify(&ClusterEvent::PodRemoved(gone), at);
    }
}

#[test]
fn more_important_pods_come_first_and_then_older_ones() {
    let mut scene = scene("pod p; pod r priority=5; pod s; pod t priority=5");
    scene.add(&["p", "r", "s", "t"]);
    let order: Vec<_> = std::iter::from_fn(|| scene.pop(0)).map(|queued| queued.pod.name().to_owned()).collect();
    assert_eq!(order, ["r", "t", "p", "s"]);
}

#[test]
fn a_pod_that_was_turned_down_sleeps_until_an_event_helps_it() {
    let mut scene = scene("pod p cpu=2");
    scene.add(&["p"]);
    let queued = scene.pop(0).unwrap();
    scene.fail(queued, 0);
    assert_eq!(scene.queue.depths(), (0, 0, 1));
    let now = scene.at(10);
    scene.queue.notify(&ClusterEvent::SurroundingsChanged, now);
    assert_eq!(scene.queue.depths(), (0, 0, 1), "not an event that helps");
    scene.removed(10);
    assert_eq!(scene.queue.depths(), (0, 1, 0), "its backoff is not over");
    assert_eq!(scene.pop(10).unwrap().attempts, 2, "but nobody else has a turn");
}

#[test]
fn an_event_during_the_attempt_is_not_lost() {
    let mut scene = scene("pod p cpu=2");
    scene.add(&["p"]);
    let queued = scene.pop(0).unwrap();
    scene.removed(0);
    scene.fail(queued, 0);
    assert_eq!(scene.queue.depths(), (0, 1, 0));
}

#[test]
fn backoff_doubles_up_to_its_limit() {
    let mut scene = scene("pod p cpu=2");
    scene.add(&["p"]);
    let broken = Failure::NoNodes;
    let (mut waits, mut now) = (Vec::new(), scene.start);
    for _ in 0..6 {
        let queued = scene.queue.pop(now).unwrap();
        scene.queue.put_back(queued, &broken, now);
        assert!(scene.queue.pop(now).is_none(), "what is broken waits its time out");
        let due = scene.queue.next_due().unwrap();
        waits.push((due - now).as_secs());
        now = due;
    }
    assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
}

#[test]
fn the_first_node_ends_the_wait_for_any() {
    let node = || ClusterEvent::NodeAdded(Arc::new(NodeInfo::default()));
    for early in [true, false] {
        let mut scene = scene("pod p cpu=2");
        scene.add(&["p"]);
        let now = scene.start;
        let queued = scene.queue.pop(now).unwrap();
        if early {
            scene.queue.notify(&node(), now);
        }
        scene.queue.put_back(queued, &Failure::NoNodes, now);
        if !early {
            assert!(scene.queue.pop(now).is_none());
            scene.queue.notify(&node(), now);
        }
        assert!(scene.queue.pop(now).is_some(), "early: {early}");
    }
}

#[test]
fn after_five_minutes_a_pod_is_tried_anyway() {
    let mut scene = scene("pod p cpu=2");
    scene.add(&["p"]);
    let queued = scene.pop(0).unwrap();
    scene.fail(queued, 0);
    assert!(scene.pop(299_999).is_none());
    assert_eq!(scene.queue.next_due(), Some(scene.at(300_000)));
    assert!(scene.pop(300_000).is_some());
}

#[test]
fn a_gated_pod_waits_for_its_gates_to_go() {
    let mut scene = scene("pod p gate=g");
    let pod = scene.pod("p");
    let now = scene.start;
    assert_eq!(scene.queue.add(pod.clone(), now).unwrap().to_string(), "gated");
    assert!(scene.pop(600_000).is_none(), "time does not open gates");
    let mut open = (*pod).clone();
    open.gates.clear();
    assert!(scene.queue.update(Arc::new(open), now).is_none());
    assert!(scene.pop(0).is_some());
}

#[test]
fn a_removed_pod_does_not_come_back() {
    let mut scene = scene("pod p; pod r cpu=2");
    scene.add(&["p", "r"]);
    scene.queue.remove("uid-p");
    let queued = scene.pop(0).unwrap();
    assert_eq!(queued.pod.name(), "r");
    scene.fail(queued, 0);
    scene.queue.remove("uid-r");
    scene.removed(0);
    assert_eq!(scene.queue.depths(), (0, 0, 0));
}
