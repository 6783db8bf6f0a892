//! The scheduler at work, on the real server.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use k8s_api::UserInfo;
use k8s_api_client::{Client, DeleteOptions, ListOptions, PatchKind, WriteOptions};
use k8s_api_server::ApiServer;
use k8s_env::{Env, Tasks};
use k8s_openapi::api::core::v1::{Node, Pod, ServiceAccount};
use k8s_openapi::api::events::v1::Event;
use k8s_sched::{ClusterState, Profile, Scheduler, WaitingPods};
use k8s_sched_plugins::default_profile;
use k8s_store::Memory;
use serde_json::{Value, json};

pub(crate) struct Cluster {
    client: Client,
    pub(crate) waiting: WaitingPods,
    _server: ApiServer,
    _tasks: Tasks,
}

impl Cluster {
    async fn start() -> Self {
        Self::with(default_profile()).await
    }

    pub(crate) async fn with(profile: Profile) -> Self {
        let env = Env::simulated(1);
        let server = ApiServer::builder(Arc::new(Memory::new()), env.clone()).start().await.unwrap();
        let scheduler = Scheduler::new(server.client_as(UserInfo::new("system:kube-scheduler", &[])))
            .default_profile(profile)
            .env(env);
        let (tasks, waiting) = (Tasks::new(), scheduler.waiting_pods());
        tasks.spawn(async move { scheduler.run(pending()).await.unwrap() });
        let client = server.client_as(UserInfo::admin());
        // A controller would make it.
        let account: ServiceAccount = serde_json::from_value(json!({"metadata": {"name": "default"}})).unwrap();
        client.namespaced::<ServiceAccount>("default").create(account).await.unwrap();
        Self { client, waiting, _server: server, _tasks: tasks }
    }

    pub(crate) async fn node(&self, name: &str, cpu: &str) {
        let node: Node = serde_json::from_value(json!({
            "metadata": {"name": name},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"},
                "capacity": {"cpu": cpu, "memory": "8Gi", "pods": "110"}},
        }))
        .unwrap();
        let node = self.client.api::<Node>().create(node).await.unwrap();
        // Admission marks new nodes as not ready, which a controller would undo.
        let mut node = (*node).clone();
        node.spec.get_or_insert_default().taints = None;
        self.client.api::<Node>().update(node).await.unwrap();
    }

    pub(crate) async fn pod(&self, name: &str, spec: Value) {
        let mut object = json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "img:1"}], "terminationGracePeriodSeconds": 0},
        });
        for (key, value) in spec.as_object().unwrap() {
            if key == "cpu" {
                object["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": value}});
            } else {
                object["spec"][key] = value.clone();
            }
        }
        let pod: Pod = serde_json::from_value(object).unwrap();
        let api = self.client.namespaced::<Pod>("default");
        api.dynamic().create(Box::new(pod), WriteOptions::default()).await.unwrap();
    }

    /// The pod's node, or what its condition says, once time has passed.
    pub(crate) async fn outcome(&self, name: &str) -> String {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let pod = self.client.namespaced::<Pod>("default").get(name).await.unwrap();
        if let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()) {
            return node;
        }
        let status = pod.status.clone().unwrap_or_default();
        let condition = status.conditions.into_iter().flatten().find(|c| c.type_ == "PodScheduled");
        condition.map_or_else(String::new, |c| format!("{}: {}", c.reason.unwrap(), c.message.unwrap()))
    }

    async fn events(&self) -> Vec<String> {
        let events = self.client.namespaced::<Event>("default").list(ListOptions::default()).await.unwrap();
        let text = |event: &Event| {
            let regarding = event.regarding.as_ref().and_then(|object| object.name.clone()).unwrap();
            format!("{regarding}: {}", event.note.clone().unwrap())
        };
        events.items.iter().map(|event| text(event)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn pods_are_bound() {
    let cluster = Cluster::start().await;
    cluster.node("a", "4").await;
    cluster.pod("p", json!({"cpu": "2"})).await;
    assert_eq!(cluster.outcome("p").await, "a");
    assert_eq!(cluster.events().await, ["p: Successfully assigned default/p to a"]);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_does_not_fit_says_so_and_is_tried_again() {
    let cluster = Cluster::start().await;
    cluster.node("a", "4").await;
    cluster.pod("q", json!({"cpu": "3"})).await;
    assert_eq!(cluster.outcome("q").await, "a");
    cluster.pod("p", json!({"cpu": "2"})).await;
    let message = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: \
        0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    assert_eq!(cluster.outcome("p").await, format!("Unschedulable: {message}"));
    assert!(cluster.events().await.contains(&format!("p: {message}")));
    cluster.node("b", "2").await;
    assert_eq!(cluster.outcome("p").await, "b");
}

#[tokio::test(start_paused = true)]
async fn room_made_by_a_deleted_pod_is_used() {
    let cluster = Cluster::start().await;
    cluster.node("a", "4").await;
    cluster.pod("q", json!({"cpu": "3"})).await;
    assert_eq!(cluster.outcome("q").await, "a");
    cluster.pod("p", json!({"cpu": "2"})).await;
    assert!(cluster.outcome("p").await.starts_with("Unschedulable"));
    cluster.client.namespaced::<Pod>("default").delete("q", DeleteOptions::default().grace(0)).await.unwrap();
    assert_eq!(cluster.outcome("p").await, "a");
}

#[tokio::test(start_paused = true)]
async fn the_more_important_pod_takes_the_place_of_the_less_important() {
    let cluster = Cluster::start().await;
    cluster.node("a", "4").await;
    cluster.pod("q", json!({"cpu": "3"})).await;
    assert_eq!(cluster.outcome("q").await, "a");
    cluster.pod("p", json!({"cpu": "2", "priorityClassName": "system-cluster-critical"})).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let gone = cluster.client.namespaced::<Pod>("default").find("q").await.unwrap();
    assert!(gone.is_none_or(|pod| pod.metadata.deletion_timestamp.is_some()));
    let preempted = cluster.events().await.into_iter().find(|event| event.starts_with("q: Preempted by pod ")).unwrap();
    assert!(preempted.ends_with(" on node a"), "{preempted}");
    if cluster.client.namespaced::<Pod>("default").find("q").await.unwrap().is_some() {
        // Where nothing runs on the node, nothing ends there either.
        cluster.client.namespaced::<Pod>("default").delete("q", DeleteOptions::default().grace(0)).await.unwrap();
    }
    assert_eq!(cluster.outcome("p").await, "a");
}

#[tokio::test(start_paused = true)]
async fn many_pods_are_spread_over_nodes() {
    let cluster = Cluster::start().await;
    for node in 0..10 {
        cluster.node(&format!("n{node}"), "40").await;
    }
    for pod in 0..200 {
        cluster.pod(&format!("p{pod}"), json!({"cpu": "1"})).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let pods = cluster.client.namespaced::<Pod>("default").list(ListOptions::default()).await.unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for pod in &pods.items {
        *counts.entry(pod.spec.as_ref().unwrap().node_name.clone()).or_insert(0) += 1;
    }
    assert!(counts.values().all(|count| *count == 20), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_reads_the_cluster_and_changes_nothing() {
    let cluster = Cluster::start().await;
    cluster.node("a", "4").await;
    for pod in ["p", "q", "r"] {
        cluster.pod(pod, json!({"cpu": "3"})).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (state, pending) = ClusterState::from_client(&cluster.client, default_profile()).await.unwrap();
    assert_eq!(pending.len(), 2);
    let plan = state.fork().schedule_pods(&pending);
    let template = state.node("a").unwrap().facts();
    assert_eq!((plan.placed(), plan.nodes_needed(template)), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn pods_of_other_schedulers_are_left_alone_and_gates_hold() {
    let cluster = Cluster::start().await;
    cluster.node("a", "4").await;
    cluster.pod("p", json!({"schedulerName": "other"})).await;
    cluster.pod("q", json!({"schedulingGates": [{"name": "example.com/g"}]})).await;
    assert_eq!(cluster.outcome("p").await, "");
    assert!(!cluster.outcome("q").await.starts_with('a'));
    let open = json!({"spec": {"schedulingGates": null}});
    cluster.client.namespaced::<Pod>("default").patch("q", PatchKind::Merge, &open).await.unwrap();
    assert_eq!(cluster.outcome("q").await, "a");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_history() {
    let mut histories = Vec::new();
    for _ in 0..2 {
        let cluster = Cluster::start().await;
        for node in ["a", "b", "c"] {
            cluster.node(node, "8").await;
        }
        for pod in 0..20 {
            cluster.pod(&format!("p{pod:02}"), json!({})).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut events = cluster.events().await;
        events.sort_unstable();
        histories.push(events);
    }
    assert_eq!(histories[0], histories[1]);
}
