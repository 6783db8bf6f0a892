//! Compares messages and scores with recordings of the real scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_sched::{ClusterState, Failure, PodInfo, convert};
use k8s_sched_plugins::default_profile;
use serde_json::Value;

fn recording(file: &str) -> Option<Vec<Value>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/cluster/scheduler");
    let path = root.join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no recording at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// Weighted scores by plugin and node.
type Scores = BTreeMap<String, BTreeMap<String, i64>>;

struct Case {
    state: ClusterState,
    priorities: BTreeMap<String, (i32, Option<String>)>,
    /// Kinds of set-up that the scheduler has no view of yet.
    unsupported: BTreeSet<String>,
}

impl Case {
    fn new(case: &Value) -> Self {
        let state = ClusterState::new(default_profile(), 1).unwrap();
        let mut this = Self { state, priorities: BTreeMap::new(), unsupported: BTreeSet::new() };
        for (number, object) in case["setup"].as_array().unwrap().iter().enumerate() {
            this.add(object.clone(), number);
        }
        this
    }

    fn add(&mut self, mut object: Value, number: usize) {
        object["metadata"]["namespace"] = "sched".into();
        match object["kind"].as_str().unwrap() {
            "Node" => {
                let node: Node = serde_json::from_value(object).unwrap();
                self.state.set_node(convert::node(&node));
            }
            "Pod" => {
                let pod = self.pod(object, number);
                assert!(self.state.set_pod(pod));
            }
            "Service" => {
                let service: Service = serde_json::from_value(object).unwrap();
                let name = service.metadata.name.clone().unwrap();
                self.state.surroundings_mut().set_service("sched".into(), name.into(), convert::service(&service));
            }
            "PodDisruptionBudget" => {
                let budget: PodDisruptionBudget = serde_json::from_value(object).unwrap();
                let name = budget.metadata.name.clone().unwrap();
                let budget = convert::budget(&budget).unwrap();
                self.state.surroundings_mut().set_budget("sched".into(), name.into(), Some(budget));
            }
            "PriorityClass" => {
                let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                let value = i32::try_from(object["value"].as_i64().unwrap()).unwrap();
                self.priorities.insert(name, (value, object["preemptionPolicy"].as_str().map(str::to_owned)));
            }
            other => drop(self.unsupported.insert(other.to_owned())),
        }
    }

    /// The pod as admission and defaulting would have left it.
    fn pod(&self, mut object: Value, number: usize) -> Arc<PodInfo> {
        object["metadata"]["namespace"] = "sched".into();
        object["metadata"]["uid"] = format!("uid-{number}").into();
        let mut pod: Pod = serde_json::from_value(object).unwrap();
        let spec = pod.spec.as_mut().unwrap();
        if let Some((priority, policy)) = spec.priority_class_name.as_ref().and_then(|n| self.priorities.get(n)) {
            spec.priority = Some(*priority);
            spec.preemption_policy = policy.clone();
        }
        for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
            if let Some(resources) = &mut container.resources
                && let Some(limits) = resources.limits.clone()
            {
                let requests = resources.requests.get_or_insert_default();
                for (name, amount) in limits {
                    requests.entry(name).or_insert(amount);
                }
            }
        }
        Arc::new(convert::pod(&pod).unwrap())
    }

    fn scores(&self, pod: &Arc<PodInfo>) -> Scores {
        let mut scores = Scores::new();
        for node in self.state.explain(pod).unwrap().nodes {
            for (plugin, score, weight) in node.scores {
                scores.entry(plugin.to_string()).or_default().insert(node.node.to_string(), score * weight);
            }
        }
        scores
    }

    fn supports(&self, pod: &PodInfo) -> bool {
        self.unsupported.is_empty() && pod.claims.is_empty() && pod.resource_claims == 0
    }
}

#[derive(Default)]
struct Tally {
    equal: usize,
    unsupported: Vec<String>,
    differing: Vec<String>,
}

impl Tally {
    fn compare(&mut self, what: String, ours: &str, theirs: &str) {
        if ours == theirs {
            self.equal += 1;
        } else {
            self.differing.push(format!("{what}\n  ours:   {ours}\n  theirs: {theirs}"));
        }
    }

    fn finish(self, file: &str) {
        let Self { equal, unsupported, differing } = self;
        println!("{file}: {equal} equal, {} differing, {} unsupported", differing.len(), unsupported.len());
        println!("unsupported: {}", unsupported.join(", "));
        assert!(differing.is_empty(), "{}", differing.join("\n"));
    }
}

#[test]
fn failures_are_told_as_upstream_tells_them() {
    let Some(cases) = recording("failed-scheduling.json") else { return };
    let mut tally = Tally::default();
    for recorded in &cases {
        let name = recorded["name"].as_str().unwrap();
        let mut case = Case::new(recorded);
        let pod = case.pod(recorded["incoming"][0].clone(), 1000);
        if !case.supports(&pod) {
            tally.unsupported.push(name.to_owned());
            continue;
        }
        if !pod.gates.is_empty() {
            // The API server, not the scheduler, writes this condition.
            tally.unsupported.push(name.to_owned());
            continue;
        }
        let failed = case.state.schedule(&pod).unwrap_err();
        let events = recorded["result"]["events"].as_array().unwrap();
        let event = events.iter().find(|event| event["reason"] == "FailedScheduling").unwrap();
        tally.compare(name.to_owned(), &failed.to_string(), event["message"].as_str().unwrap());
        if let Failure::Unfit(diagnosis) = &failed
            && let Some(preempted) = events.iter().find(|event| event["reason"] == "Preempted")
        {
            let nomination = diagnosis.nomination().unwrap();
            let victims: Vec<_> = nomination.victims.iter().map(|victim| victim.name()).collect();
            let ours = format!("{} on {}", victims.join(" "), nomination.node);
            let theirs = (preempted["regarding"].as_str().unwrap(), recorded["result"]["pods"][0]["node"].as_str());
            tally.compare(format!("{name} victims"), &ours, &format!("{} on {}", theirs.0, theirs.1.unwrap()));
        }
    }
    tally.finish("failed-scheduling.json");
}

#[test]
fn nodes_are_scored_as_upstream_scores_them() {
    let Some(cases) = recording("placement.json") else { return };
    let mut tally = Tally::default();
    for recorded in &cases {
        let name = recorded["name"].as_str().unwrap();
        let mut case = Case::new(recorded);
        let incoming = recorded["incoming"].as_array().unwrap();
        for (number, (object, result)) in
            incoming.iter().zip(recorded["result"]["pods"].as_array().unwrap()).enumerate()
        {
            let pod = case.pod(object.clone(), 1000 + number);
            let what = format!("{name} {}", pod.name);
            if !case.supports(&pod) || pod.node_name.is_some() {
                tally.unsupported.push(what);
                continue;
            }
            let theirs: Scores = serde_json::from_value(result["weightedScores"].clone()).unwrap();
            // With one feasible node upstream does not score.
            if !theirs.is_empty() {
                tally.compare(format!("{what} scores"), &format!("{:?}", case.scores(&pod)), &format!("{theirs:?}"));
            }
            match (case.state.schedule(&pod), result["node"].as_str()) {
                (Ok(node), Some(theirs)) => {
                    let best: Vec<&str> =
                        result["best"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    let same = if best.contains(&&*node) { theirs } else { &*node };
                    tally.compare(format!("{what} node"), same, theirs);
                }
                (Err(failed), None) => {
                    let message = result["condition"]["message"].as_str().unwrap();
                    tally.compare(format!("{what} message"), &failed.to_string(), message);
                }
                (ours, theirs) => {
                    tally.compare(format!("{what} outcome"), &format!("{ours:?}"), theirs.unwrap_or("no node"));
                }
            }
        }
    }
    tally.finish("placement.json");
}
