//! From bound to gone.

use std::time::Duration;

use k8s_api_client::{DeleteOptions, PatchKind};
use k8s_cri::memory::{Behavior, Match};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::scene::{Scene, conditions, state};

#[tokio::test(start_paused = true)]
async fn a_plain_pod_runs_and_is_ready() {
    let scene = Scene::new().await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(1.0).await;
    let pod = scene.get("web").await.unwrap();
    let status = pod.status.clone().unwrap();
    assert_eq!(status.phase.as_deref(), Some("Running"));
    assert_eq!(
        conditions(&status),
        [
            "PodReadyToStartContainers=True",
            "Initialized=True",
            "Ready=True",
            "ContainersReady=True",
            "PodScheduled=True"
        ]
    );
    assert_eq!(status.pod_ip.as_deref(), Some("10.244.1.2"));
    assert_eq!(status.host_ip.as_deref(), Some("192.0.2.1"));
    assert_eq!(status.observed_generation, Some(1));
    assert_eq!(status.qos_class.as_deref(), Some("BestEffort"));
    let container = &status.container_statuses.unwrap()[0];
    assert!(container.ready && container.started == Some(true));
    assert!(container.container_id.as_ref().unwrap().starts_with("memory://"));
    assert_eq!(scene.reasons("web").await, ["Created", "Pulled", "Pulling", "Started"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_ends_and_is_forgotten() {
    let scene = Scene::new().await;
    scene.machine.runtime.script(Match::any(), Behavior::new().stops_after(Duration::from_secs(3), 0));
    scene.pod("web", json!({}), json!({})).await;
    scene.after(1.0).await;
    let pods = scene.client.namespaced::<Pod>("default");
    pods.delete("web", DeleteOptions::default()).await.unwrap();
    scene.after(1.0).await;
    assert_eq!(scene.status("web").await.phase.as_deref(), Some("Running"));
    scene.after(3.0).await;
    assert!(scene.get("web").await.is_none());
    assert_eq!(scene.machine.network.attachments().len(), 0);
    assert!(scene.machine.runtime.find_sandbox("default", "web").is_none());
    assert!(scene.events("web").await.contains(&"Killing: Stopping container c".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn crashes_back_off() {
    let crash = Behavior::new().runs_for(Duration::from_secs(1)).exits_with(1);
    let scene = Scene::with(|node| node.script(Match::any(), crash)).await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(1.5).await;
    let status = scene.status("web").await;
    assert_eq!(state(&status, "c"), "running");
    assert_eq!(status.container_statuses.as_ref().unwrap()[0].restart_count, 1);
    scene.after(1.0).await;
    let status = scene.status("web").await;
    assert_eq!(state(&status, "c"), "waiting: CrashLoopBackOff");
    assert_eq!(status.phase.as_deref(), Some("Running"));
    let waiting = status.container_statuses.as_ref().unwrap()[0].state.clone().unwrap().waiting.unwrap();
    assert!(waiting.message.unwrap().starts_with("back-off 10s restarting failed container=c pod=web_default("));
    scene.after(10.0).await;
    let status = scene.status("web").await;
    assert_eq!(status.container_statuses.as_ref().unwrap()[0].restart_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_job_s_pod_succeeds() {
    let done = Behavior::new().runs_for(Duration::from_secs(2)).exits_with(0);
    let scene = Scene::with(|node| node.script(Match::any(), done)).await;
    scene.pod("job", json!({}), json!({ "restartPolicy": "Never" })).await;
    scene.after(3.0).await;
    let status = scene.status("job").await;
    assert_eq!(status.phase.as_deref(), Some("Succeeded"));
    assert_eq!(state(&status, "c"), "terminated: 0 Completed");
    assert_eq!(
        conditions(&status),
        [
            "PodReadyToStartContainers=False",
            "Initialized=True(PodCompleted)",
            "Ready=False(PodCompleted)",
            "ContainersReady=False(PodCompleted)",
            "PodScheduled=True"
        ]
    );
    scene.client.namespaced::<Pod>("default").delete("job", DeleteOptions::default()).await.unwrap();
    scene.after(1.0).await;
    assert!(scene.get("job").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn init_containers_and_sidecars_go_first_and_in_order() {
    let once = Behavior::new().runs_for(Duration::from_secs(2)).exits_with(0);
    let scene = Scene::with(|node| node.script(Match::container("i*"), once)).await;
    let init = json!([
        { "name": "i1", "image": "a" },
        { "name": "side", "image": "b", "restartPolicy": "Always" },
        { "name": "i2", "image": "a" }
    ]);
    scene.pod("web", json!({}), json!({ "initContainers": init })).await;
    scene.after(1.0).await;
    let status = scene.status("web").await;
    let all = |status| ["i1", "side", "i2", "c"].map(|name| state(status, name));
    assert_eq!(
        all(&status),
        ["running", "waiting: PodInitializing", "waiting: PodInitializing", "waiting: PodInitializing"]
    );
    assert_eq!(status.phase.as_deref(), Some("Pending"));
    scene.after(2.0).await;
    let status = scene.status("web").await;
    assert_eq!(all(&status), ["terminated: 0 Completed", "running", "running", "waiting: PodInitializing"]);
    scene.after(2.0).await;
    let status = scene.status("web").await;
    assert_eq!(all(&status), ["terminated: 0 Completed", "running", "terminated: 0 Completed", "running"]);
    assert_eq!(status.phase.as_deref(), Some("Running"));
}

#[tokio::test(start_paused = true)]
async fn images_that_cannot_be_pulled_back_off() {
    let scene =
        Scene::with(|node| node.script(Match::image("*"), Behavior::new().fails_pulls(1, "no such image"))).await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(0.5).await;
    assert_eq!(state(&scene.status("web").await, "c"), "waiting: ErrImagePull");
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "waiting: ImagePullBackOff");
    let events = scene.events("web").await;
    for event in [
        "Failed: Failed to pull image \"web:1\": no such image",
        "Failed: Error: ErrImagePull",
        "BackOff: Back-off pulling image \"web:1\"",
        "Failed: Error: ImagePullBackOff",
    ] {
        assert!(events.iter().any(|told| told == event), "{event} is missing in {events:?}");
    }
    scene.after(10.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "running");
}

#[tokio::test(start_paused = true)]
async fn what_lives_too_long_fails() {
    let scene = Scene::new().await;
    scene.pod("web", json!({}), json!({ "activeDeadlineSeconds": 5 })).await;
    scene.after(6.0).await;
    let status = scene.status("web").await;
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    assert_eq!(status.reason.as_deref(), Some("DeadlineExceeded"));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_rejected() {
    let scene = Scene::new().await;
    scene.pod("big", json!({ "resources": { "requests": { "cpu": "5" } } }), json!({})).await;
    scene.pod("picky", json!({}), json!({ "nodeSelector": { "disk": "fast" } })).await;
    scene.after(1.0).await;
    let status = scene.status("big").await;
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    assert_eq!(status.reason.as_deref(), Some("OutOfcpu"));
    let message = "Pod was rejected: Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000";
    assert_eq!(status.message.as_deref(), Some(message));
    assert_eq!(scene.status("picky").await.reason.as_deref(), Some("NodeAffinity"));
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_falls_over_is_made_anew() {
    let scene = Scene::new().await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(1.0).await;
    let sandbox = scene.machine.runtime.find_sandbox("default", "web").unwrap();
    scene.machine.runtime.crash_sandbox(&sandbox);
    scene.after(1.0).await;
    let status = scene.status("web").await;
    assert_eq!(status.phase.as_deref(), Some("Running"));
    assert_eq!(status.container_statuses.as_ref().unwrap()[0].restart_count, 1);
    assert_ne!(scene.machine.runtime.find_sandbox("default", "web").unwrap(), sandbox);
    assert!(scene.reasons("web").await.contains(&"SandboxChanged".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_scripted_does_what_it_is_for() {
    let scene = Scene::new().await;
    let says = json!({ "args": ["sh", "-c", "echo hi; exit 3"] });
    scene.pod("says", says, json!({ "restartPolicy": "Never" })).await;
    let init = json!([{ "name": "i", "image": "migrate:1" }, { "name": "s", "image": "s", "restartPolicy": "Always" }]);
    scene.pod("waits", json!({ "command": ["serve"] }), json!({ "initContainers": init })).await;
    scene.job_pod("job", json!({ "command": ["perl", "-e", "print 3"] })).await;
    scene.after(3.0).await;
    assert_eq!(state(&scene.status("says").await, "c"), "terminated: 3 Error");
    let waits = scene.status("waits").await;
    assert_eq!(["i", "s", "c"].map(|name| state(&waits, name)), ["terminated: 0 Completed", "running", "running"]);
    assert_eq!(state(&scene.status("job").await, "c"), "terminated: 0 Completed");
}

#[tokio::test(start_paused = true)]
async fn commands_are_ignored_where_that_is_wanted() {
    let scene = Scene::with(k8s_node::HollowNode::ignores_commands).await;
    scene.pod("ends", json!({ "command": ["false"] }), json!({})).await;
    scene.job_pod("job", json!({})).await;
    scene.after(60.0).await;
    for name in ["ends", "job"] {
        assert_eq!(state(&scene.status(name).await, "c"), "running", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_image_is_run() {
    let scene = Scene::new().await;
    scene.pod("web", json!({}), json!({ "restartPolicy": "Never" })).await;
    scene.after(1.0).await;
    let pods = scene.client.namespaced::<Pod>("default");
    let patch = json!({ "spec": { "containers": [{ "name": "c", "image": "web:2" }] } });
    pods.patch("web", PatchKind::Strategic, &patch).await.unwrap();
    scene.after(2.0).await;
    let status = scene.status("web").await;
    let container = &status.container_statuses.as_ref().unwrap()[0];
    assert_eq!((state(&status, "c").as_str(), container.image.as_str()), ("running", "web:2"));
    assert_eq!(container.restart_count, 1);
    assert!(container.last_state.as_ref().unwrap().terminated.is_some());
    let told = scene.events("web").await;
    assert!(told.contains(&"Killing: Container c definition changed, will be restarted".to_owned()), "{told:?}");
    assert!(told.contains(&"Pulling: Pulling image \"web:2\"".to_owned()), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn another_image_ends_the_wait_for_the_first() {
    let broken = Behavior::new().fails_pull("no such image");
    let scene = Scene::with(|node| node.script(Match::image("web:1*"), broken)).await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(100.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "waiting: ImagePullBackOff");
    let patch = json!({ "spec": { "containers": [{ "name": "c", "image": "web:2" }] } });
    scene.client.namespaced::<Pod>("default").patch("web", PatchKind::Strategic, &patch).await.unwrap();
    scene.after(1.0).await;
    let status = scene.status("web").await;
    assert_eq!(state(&status, "c"), "running");
    assert_eq!(status.container_statuses.unwrap()[0].restart_count, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_container_said_last_is_told() {
    let crash = Behavior::new().exits_with(1).logs("first").logs("x".repeat(3000)).leaves_message("from the file");
    let mute = Behavior::new().exits_with(1).logs("first").logs("boom");
    let scene = Scene::with(|node| node.script(Match::pod("file*"), crash).script(Match::pod("log*"), mute)).await;
    let once = || json!({ "restartPolicy": "Never" });
    let falls_back = || json!({ "terminationMessagePolicy": "FallbackToLogsOnError" });
    scene.pod("file", json!({}), once()).await;
    scene.pod("file-first", falls_back(), once()).await;
    scene.pod("log", falls_back(), once()).await;
    scene.pod("log-not-wanted", json!({}), once()).await;
    let typed = json!({ "command": ["sh", "-c", "echo bye > /dev/termination-log; exit 2"] });
    scene.pod("typed", typed, once()).await;
    scene.after(2.0).await;
    for (pod, said) in [
        ("file", Some("from the file")),
        ("file-first", Some("from the file")),
        ("log", Some("first\nboom\n")),
        ("log-not-wanted", None),
        ("typed", Some("bye\n")),
    ] {
        let status = scene.status(pod).await;
        let ended = status.container_statuses.unwrap()[0].state.clone().unwrap().terminated.unwrap();
        assert_eq!(ended.message.as_deref(), said, "{pod}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_log_the_end_is_told() {
    let crash = Behavior::new().exits_with(1).logs("first").logs("x".repeat(3000));
    let scene = Scene::with(|node| node.script(Match::any(), crash)).await;
    let falls_back = json!({ "terminationMessagePolicy": "FallbackToLogsOnError" });
    scene.pod("web", falls_back, json!({ "restartPolicy": "Never" })).await;
    scene.after(1.0).await;
    let ended = scene.status("web").await.container_statuses.unwrap()[0].state.clone().unwrap().terminated.unwrap();
    assert_eq!(ended.message.unwrap(), "x".repeat(2047) + "\n");
}

#[tokio::test(start_paused = true)]
async fn names_that_no_image_has_are_refused() {
    let scene = Scene::new().await;
    scene.pod("web", json!({ "image": "UPPER/case::bad" }), json!({})).await;
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "waiting: InvalidImageName");
    let why = "Failed to apply default image tag \"UPPER/case::bad\": couldn't parse image name \"UPPER/case::bad\": \
               invalid reference format";
    let told = scene.events("web").await;
    assert!(told.contains(&format!("InspectFailed: {why}")), "{told:?}");
}
