use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_env::Random;
use k8s_sched::{Engine, Nominator, Profile, Profiles, Simulation};

use crate::plugins::{Cpu, Label};

fn engine(profile: Profile, seed: u64) -> Engine {
    Engine::new(Arc::new(Profiles::new([profile]).unwrap()), Random::seeded(seed))
}

fn nodes(n: usize) -> Simulation {
    let nodes: Vec<_> = (0..n).map(|i| format!("node n{i:04} cpu=4")).collect();
    Simulation::new(&format!("{}; pod p cpu=1", nodes.join(";")))
}

#[test]
fn large_clusters_are_looked_at_in_part_and_in_turn() {
    let simulation = nodes(1000);
    let (snapshot, pod) = (simulation.snapshot(), simulation.pod("p").unwrap().clone());
    let mut engine = engine(Profile::empty().with(Cpu::plugin()).with(Label), 1);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let decision = engine.schedule(&pod, &snapshot, &Nominator::default()).unwrap();
        assert_eq!((decision.evaluated, decision.feasible), (420, 420), "50 % less one for every 125 nodes");
        seen.push(snapshot.position(&decision.node).unwrap() / 420);
    }
    assert_eq!(seen[..2], [0, 1], "the next cycle begins where the last one ended");
}

#[test]
fn without_scores_the_first_node_that_fits_will_do() {
    let simulation = nodes(1000);
    let mut engine = engine(Profile::empty().with(Cpu::plugin()), 1);
    let pod = simulation.pod("p").unwrap().clone();
    let decision = engine.schedule(&pod, &simulation.snapshot(), &Nominator::default()).unwrap();
    assert_eq!((&*decision.node, decision.evaluated), ("n0000", 1));
}

#[test]
fn ties_are_broken_evenly_and_by_the_seed() {
    let simulation = Simulation::new("node a label:score=7; node b; node c label:score=7; node d label:score=7; pod p");
    let (snapshot, pod) = (simulation.snapshot(), simulation.pod("p").unwrap().clone());
    let draw = |seed| -> Vec<Arc<str>> {
        let mut engine = engine(Profile::empty().with(Label), seed);
        (0..300).map(|_| engine.schedule(&pod, &snapshot, &Nominator::default()).unwrap().node).collect()
    };
    assert_eq!(draw(5), draw(5));
    let mut counts: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for node in draw(5) {
        *counts.entry(node).or_default() += 1;
    }
    assert_eq!(counts.keys().map(|node| &**node).collect::<Vec<_>>(), ["a", "c", "d"]);
    assert!(counts.values().all(|count| (70..=130).contains(count)), "{counts:?}");
}

#[test]
fn a_promised_place_is_kept_from_equals_but_not_from_the_more_important() {
    let simulation = Simulation::new("node a cpu=1; pod p cpu=1; pod q cpu=1; pod vip cpu=1 priority=9");
    let pod = |name: &str| simulation.pod(name).unwrap().clone();
    let mut nominator = Nominator::default();
    nominator.add(pod("p"), "a".into());
    let mut engine = engine(Profile::empty().with(Cpu::plugin()), 1);
    let mut fits = |name: &str| engine.schedule(&pod(name), &simulation.snapshot(), &nominator).is_ok();
    assert_eq!((fits("p"), fits("q"), fits("vip")), (true, false, true));
}
