//! The machine itself.

use std::collections::BTreeMap;

use k8s_api::UserInfo;
use k8s_api_client::{NodeConnector, RawBody};
use k8s_node::HollowNode;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use serde_json::json;

use crate::scene::{Scene, state};

#[tokio::test(start_paused = true)]
async fn it_registers_itself_as_upstream_s_kubelet_does() {
    let scene = Scene::new().await;
    let node = scene.client.api::<Node>().get("n1").await.unwrap();
    let labels = node.metadata.labels.clone().unwrap();
    let expected: BTreeMap<_, _> = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", "n1"),
        ("kubernetes.io/os", "linux"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    assert_eq!(labels, expected);
    let status = node.status.clone().unwrap();
    let conditions: Vec<_> =
        status.conditions.iter().flatten().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
    let fine = [("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True")];
    assert_eq!(conditions, fine);
    assert_eq!(status.node_info.unwrap().kubelet_version, "v1.36.2");
    assert_eq!(status.capacity.unwrap()["memory"].0, "8Gi");
}

#[tokio::test(start_paused = true)]
async fn it_renews_its_lease_and_is_silent_otherwise() {
    let scene = Scene::new().await;
    scene.after(1.0).await;
    let leases = scene.client.namespaced::<Lease>("kube-node-lease");
    let renewed = async || leases.get("n1").await.unwrap().spec.clone().unwrap().renew_time.unwrap().0;
    let (first, node) = (renewed().await, scene.client.api::<Node>().get("n1").await.unwrap());
    scene.after(30.0).await;
    let second = renewed().await;
    assert_eq!(second.duration_since(first).as_secs(), 30);
    let same = scene.client.api::<Node>().get("n1").await.unwrap();
    assert_eq!(node.metadata.resource_version, same.metadata.resource_version);
    scene.after(300.0).await;
    let reported = scene.client.api::<Node>().get("n1").await.unwrap();
    assert_ne!(node.metadata.resource_version, reported.metadata.resource_version);
}

#[tokio::test(start_paused = true)]
async fn stopping_leaves_nothing_on_the_machine() {
    let mut scene = Scene::new().await;
    scene.pod("web", json!({}), json!({ "volumes": [{ "name": "d", "emptyDir": {} }] })).await;
    scene.after(1.0).await;
    scene.node.take().unwrap().stop().await;
    assert!(scene.machine.network.attachments().is_empty());
    assert!(scene.machine.runtime.find_sandbox("default", "web").is_none());
    let node = scene.client.api::<Node>().get("n1").await.unwrap();
    let ready = node.status.as_ref().unwrap().conditions.as_ref().unwrap().iter().find(|c| c.type_ == "Ready").cloned();
    assert_eq!(ready.unwrap().message.as_deref(), Some("node is shutting down"));
    assert!(scene.registry.connect("n1").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_next_agent_takes_over_what_the_last_one_left() {
    let mut scene = Scene::new().await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(1.0).await;
    let before = scene.status("web").await;
    let container = scene.machine.runtime.find("default", "web", "c").unwrap();
    scene.node.take().unwrap().crash();
    scene.after(5.0).await;
    let client = scene.api.client_as(UserInfo::node("n1"));
    let agent = HollowNode::new("n1").cpu(4).memory("8Gi").pod_cidr("10.244.1.0/24");
    let again = agent.agent(&scene.machine, client, scene.api.env().clone()).start().await.unwrap();
    scene.after(5.0).await;
    assert_eq!(scene.machine.runtime.find("default", "web", "c").unwrap(), container);
    assert_eq!(scene.status("web").await, before);
    drop(again);
}

#[tokio::test(start_paused = true)]
async fn what_ended_before_a_machine_was_lost_stays_as_it_ended() {
    let done = k8s_cri::memory::Behavior::new().exits_with(0);
    let mut scene = Scene::with(|node| node.script(k8s_cri::memory::Match::any(), done)).await;
    let spec = json!({ "restartPolicy": "Never", "terminationGracePeriodSeconds": 5 });
    let finalizers = json!([{ "op": "add", "path": "/metadata/finalizers", "value": ["example.com/keep"] }]);
    scene.pod("job", json!({}), spec).await;
    scene.after(1.0).await;
    let pods = scene.client.namespaced::<k8s_openapi::api::core::v1::Pod>("default");
    pods.patch("job", k8s_api_client::PatchKind::Json, &finalizers).await.unwrap();
    let before = scene.status("job").await;
    scene.node.take().unwrap().crash();
    let hollow = HollowNode::new("n1").cpu(4).memory("8Gi").pod_cidr("10.244.1.0/24");
    let (client, env) = (scene.api.client_as(UserInfo::node("n1")), scene.api.env().clone());
    let wire = k8s_cni::memory::Fabric::new();
    let (_node, _machine) = hollow.start(client, env, &wire, &scene.registry).await.unwrap();
    scene.after(1.0).await;
    assert_eq!(scene.status("job").await, before);
    pods.delete("job", k8s_api_client::DeleteOptions::default()).await.unwrap();
    scene.after(1.0).await;
    let after = scene.status("job").await;
    assert_eq!((after.phase.as_deref(), &after.container_statuses), (Some("Succeeded"), &before.container_statuses));
}

#[tokio::test(start_paused = true)]
async fn logs_are_read_through_the_node() {
    let scene = Scene::with(|node| {
        node.script(k8s_cri::memory::Match::any(), k8s_cri::memory::Behavior::new().logs("one").logs("two"))
    })
    .await;
    scene.pod("web", json!({}), json!({})).await;
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "running");
    let node = scene.registry.connect("n1").unwrap();
    let ask = async |path: &str| {
        let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
        let response = node.handle(request).await;
        let status = response.status().as_u16();
        let body = match response.into_body() {
            RawBody::Full(bytes) => bytes.to_vec(),
            RawBody::Stream(mut stream) => {
                let mut all = Vec::new();
                while let Some(piece) = futures_util::StreamExt::next(&mut stream).await {
                    all.extend_from_slice(&piece.unwrap());
                }
                all
            }
        };
        (status, String::from_utf8(body).unwrap())
    };
    assert_eq!(ask("/healthz").await, (200, "ok".to_owned()));
    assert_eq!(ask("/containerLogs/default/web/c").await, (200, "one\ntwo\n".to_owned()));
    assert_eq!(ask("/containerLogs/default/web/c?tailLines=1").await, (200, "two\n".to_owned()));
    assert_eq!(ask("/containerLogs/default/web/c?limitBytes=5").await, (200, "one\nt".to_owned()));
    assert_eq!(
        ask("/containerLogs/default/web/c?tailLines=1&timestamps=true").await.1.split(' ').nth(1),
        Some("two\n")
    );
    let (status, error) = ask("/containerLogs/default/web/c?previous=true").await;
    assert_eq!((status, error.as_str()), (400, "previous terminated container \"c\" in pod \"web\" not found"));
    assert_eq!(ask("/containerLogs/default/web/x").await.0, 404);
    assert_eq!(ask("/exec/default/web/c").await.0, 501);
}
