//! Probes and what comes of them.

use k8s_cri::memory::{Behavior, Health, Match};
use serde_json::json;

use crate::scene::{Scene, conditions, state};

fn http(period: u32, threshold: u32) -> serde_json::Value {
    json!({ "httpGet": { "path": "/", "port": 80 }, "periodSeconds": period, "failureThreshold": threshold })
}

#[tokio::test(start_paused = true)]
async fn readiness_comes_and_goes() {
    let scene = Scene::new().await;
    scene.pod("web", json!({ "readinessProbe": http(5, 1) }), json!({})).await;
    scene.after(0.5).await;
    assert!(conditions(&scene.status("web").await).contains(&"Ready=True".to_owned()));
    let id = scene.machine.runtime.find("default", "web", "c").unwrap();
    scene.machine.runtime.set_health(&id, Health::Failing).unwrap();
    scene.after(5.0).await;
    assert!(conditions(&scene.status("web").await).contains(&"Ready=False(ContainersNotReady)".to_owned()));
    let events = scene.events("web").await;
    assert!(events.contains(&"Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500".to_owned()));
    scene.machine.runtime.set_health(&id, None).unwrap();
    scene.after(5.0).await;
    assert!(conditions(&scene.status("web").await).contains(&"Ready=True".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_fails_its_liveness_probe_is_restarted() {
    let scene = Scene::new().await;
    scene.pod("web", json!({ "livenessProbe": http(2, 2) }), json!({})).await;
    scene.after(0.5).await;
    let id = scene.machine.runtime.find("default", "web", "c").unwrap();
    scene.machine.runtime.set_health(&id, Health::Failing).unwrap();
    scene.after(5.0).await;
    let status = scene.status("web").await;
    assert_eq!(state(&status, "c"), "running");
    assert_eq!(status.container_statuses.unwrap()[0].restart_count, 1);
    let killed = "Killing: Container c failed liveness probe, will be restarted".to_owned();
    assert!(scene.events("web").await.contains(&killed));
}

#[tokio::test(start_paused = true)]
async fn a_startup_probe_holds_the_others_back() {
    let slow = Behavior::new().health(Health::Failing).health_after(std::time::Duration::from_secs(4), Health::Healthy);
    let scene = Scene::with(|node| node.script(Match::any(), slow)).await;
    let container = json!({ "startupProbe": http(1, 30), "livenessProbe": http(1, 1), "readinessProbe": http(1, 1) });
    scene.pod("web", container, json!({})).await;
    scene.after(2.0).await;
    let status = scene.status("web").await;
    assert_eq!(status.container_statuses.as_ref().unwrap()[0].started, Some(false));
    scene.after(4.0).await;
    let status = scene.status("web").await;
    let container = &status.container_statuses.as_ref().unwrap()[0];
    assert_eq!((container.started, container.ready, container.restart_count), (Some(true), true, 0));
}
