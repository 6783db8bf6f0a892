//! Pods that are held back between decision and binding.

use std::sync::Arc;
use std::time::Duration;

use k8s_sched::plugin::{Permission, Permit, Plugin, Reserve};
use k8s_sched::{CycleState, NodeInfo, PodInfo, Profile, Status};
use k8s_sched_plugins::default_profile;
use parking_lot::Mutex;
use serde_json::json;

use crate::scheduler::Cluster;

/// Lets every pod wait for ten seconds, and notes what is reserved.
struct Hold(Arc<Mutex<Vec<String>>>);

impl Permit for Hold {
    fn permit(&self, _: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<Permission, Status> {
        Ok(Permission::Wait(Duration::from_secs(10)))
    }
}

impl Reserve for Hold {
    fn reserve(&self, _: &mut CycleState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Status> {
        self.0.lock().push(format!("{} on {}", pod.name(), node.name()));
        Ok(())
    }

    fn unreserve(&self, _: &CycleState, pod: &PodInfo, node: &str) {
        self.0.lock().push(format!("{} not on {node}", pod.name()));
    }
}

fn hold() -> (Profile, Arc<Mutex<Vec<String>>>) {
    let notes = Arc::default();
    let hold = Plugin::new("Hold", Hold(Arc::clone(&notes))).permit().reserve();
    (default_profile().with(hold), notes)
}

#[tokio::test(start_paused = true)]
async fn a_pod_waits_with_its_place_reserved_until_it_is_allowed() {
    let (profile, notes) = hold();
    let cluster = Cluster::with(profile).await;
    cluster.node("a", "4").await;
    cluster.pod("p", json!({"cpu": "3"})).await;
    assert_eq!(cluster.outcome("p").await, "");
    assert_eq!(*notes.lock(), ["p on a"]);
    let uids = cluster.waiting.uids();
    assert_eq!(uids.len(), 1);
    assert!(cluster.waiting.allow(&uids[0]));
    assert_eq!(cluster.outcome("p").await, "a");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_not_allowed_in_time_gives_its_place_back() {
    let (profile, notes) = hold();
    let cluster = Cluster::with(profile).await;
    cluster.node("a", "4").await;
    cluster.pod("p", json!({"cpu": "3"})).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let message = "0/1 nodes are available: 1 rejected due to timeout after waiting 10s at plugin Hold.";
    assert_eq!(cluster.outcome("p").await, format!("Unschedulable: {message}"));
    assert_eq!(notes.lock()[..2], ["p on a", "p not on a"]);
}
