//! Environment and volumes.

use k8s_api::Kind;
use k8s_cri::{Containers, Images};
use k8s_csi::VolumeKey;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use serde_json::json;

use crate::scene::{Scene, state};

#[tokio::test(start_paused = true)]
async fn the_environment_has_all_its_sources() {
    let scene = Scene::new().await;
    scene.create::<ConfigMap>(json!({ "metadata": { "name": "conf" }, "data": { "color": "red", "size": "7" } })).await;
    scene.create::<Secret>(json!({ "metadata": { "name": "sec" }, "stringData": { "password": "p" } })).await;
    scene
        .create::<Service>(json!({
            "metadata": { "name": "my-db" },
            "spec": { "clusterIP": "10.96.0.20", "ports": [{ "name": "sql", "port": 5432 }] }
        }))
        .await;
    scene.after(1.0).await;
    let container = json!({
        "resources": { "limits": { "cpu": "1500m", "memory": "64Mi" } },
        "command": ["run", "$(COLOR)", "$$(COLOR)", "$(NOBODY)"],
        "envFrom": [{ "prefix": "C_", "configMapRef": { "name": "conf" } }],
        "env": [
            { "name": "COLOR", "valueFrom": { "configMapKeyRef": { "name": "conf", "key": "color" } } },
            { "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "sec", "key": "password" } } },
            { "name": "NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
            { "name": "CPU", "valueFrom": { "resourceFieldRef": { "resource": "limits.cpu" } } },
            { "name": "MEM", "valueFrom": { "resourceFieldRef": { "resource": "limits.memory", "divisor": "1Mi" } } },
            { "name": "BOTH", "value": "$(COLOR)-$(C_size)-$(MY_DB_SERVICE_PORT)" },
            { "name": "GONE", "valueFrom": { "configMapKeyRef": { "name": "none", "key": "x", "optional": true } } }
        ]
    });
    scene.pod("web", container, json!({})).await;
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "running");
    let id = scene.machine.runtime.find("default", "web", "c").unwrap();
    let config = scene.machine.runtime.container_status(&id).await.unwrap().config;
    assert_eq!(config.command, ["run", "red", "$(COLOR)", "$(NOBODY)"]);
    let get = |name: &str| config.envs.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let expected = [
        ("COLOR", Some("red")),
        ("PASSWORD", Some("p")),
        ("NAME", Some("web")),
        ("IP", Some("10.244.1.2")),
        ("CPU", Some("2")),
        ("MEM", Some("64")),
        ("C_size", Some("7")),
        ("BOTH", Some("red-7-5432")),
        ("GONE", None),
        ("MY_DB_SERVICE_HOST", Some("10.96.0.20")),
        ("MY_DB_SERVICE_PORT_SQL", Some("5432")),
        ("MY_DB_PORT", Some("tcp://10.96.0.20:5432")),
        ("MY_DB_PORT_5432_TCP_ADDR", Some("10.96.0.20")),
    ];
    for (name, value) in expected {
        assert_eq!(get(name), value, "{name}");
    }
    assert_eq!(scene.machine.runtime.list_images().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn resources_of_other_containers_are_told() {
    let scene = Scene::new().await;
    let init = json!([{ "name": "i", "image": "a", "resources": { "limits": { "cpu": "3" } } }]);
    let of = |container| {
        json!([{ "name": "CPU", "valueFrom": {
            "resourceFieldRef": { "containerName": container, "resource": "limits.cpu" }
        } }])
    };
    scene.pod("web", json!({ "env": of("i") }), json!({ "initContainers": init })).await;
    scene.after(3.0).await;
    let id = scene.machine.runtime.find("default", "web", "c").unwrap();
    let config = scene.machine.runtime.container_status(&id).await.unwrap().config;
    assert!(config.envs.contains(&("CPU".to_owned(), "3".to_owned())), "{:?}", config.envs);
}

#[tokio::test(start_paused = true)]
async fn variables_from_files_say_why_they_are_missing() {
    let scene = Scene::new().await;
    let file = json!({ "key": "A", "path": "env", "volumeName": "v" });
    let env = json!([{ "name": "A", "valueFrom": { "fileKeyRef": file } }]);
    scene.pod("web", json!({ "env": env }), json!({ "volumes": [{ "name": "v", "emptyDir": {} }] })).await;
    scene.after(1.0).await;
    let status = scene.status("web").await;
    assert_eq!(state(&status, "c"), "waiting: CreateContainerConfigError");
    let waiting = status.container_statuses.unwrap()[0].state.clone().unwrap().waiting.unwrap();
    assert!(waiting.message.unwrap().starts_with("couldn't parse env file"));
}

#[tokio::test(start_paused = true)]
async fn a_pod_may_ask_for_disk() {
    let scene = Scene::new().await;
    scene.pod("web", json!({ "resources": { "requests": { "ephemeral-storage": "1Gi" } } }), json!({})).await;
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "running");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_waited_for() {
    let scene = Scene::new().await;
    let env = json!([{ "name": "A", "valueFrom": { "secretKeyRef": { "name": "late", "key": "a" } } }]);
    scene.pod("env", json!({ "env": env }), json!({})).await;
    let volumes = json!([{ "name": "v", "secret": { "secretName": "late" } }]);
    let mounts = json!([{ "name": "v", "mountPath": "/v" }]);
    scene.pod("vol", json!({ "volumeMounts": mounts }), json!({ "volumes": volumes })).await;
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("env").await, "c"), "waiting: CreateContainerConfigError");
    assert_eq!(state(&scene.status("vol").await, "c"), "waiting: ContainerCreating");
    let failed = "FailedMount: MountVolume.SetUp failed for volume \"v\" : secret \"late\" not found".to_owned();
    assert!(scene.events("vol").await.contains(&failed));
    scene.create::<Secret>(json!({ "metadata": { "name": "late" }, "stringData": { "a": "1" } })).await;
    scene.after(1.0).await;
    for name in ["env", "vol"] {
        assert_eq!(state(&scene.status(name).await, "c"), "running", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn volumes_show_objects_and_follow_them() {
    let scene = Scene::new().await;
    let map = scene.create::<ConfigMap>(json!({ "metadata": { "name": "conf" }, "data": { "a": "1" } })).await;
    let volumes = json!([
        { "name": "conf", "configMap": { "name": "conf" } },
        { "name": "none", "configMap": { "name": "none", "optional": true } },
        { "name": "all", "projected": { "sources": [
            { "serviceAccountToken": { "path": "token", "expirationSeconds": 3607 } },
            { "configMap": { "name": "conf", "items": [{ "key": "a", "path": "deep/a" }] } },
            { "downwardAPI": { "items": [{ "path": "ns", "fieldRef": { "fieldPath": "metadata.namespace" } }] } }
        ] } }
    ]);
    let mounts = json!([{ "name": "conf", "mountPath": "/conf" }, { "name": "all", "mountPath": "/all" }]);
    let pod = scene.pod("web", json!({ "volumeMounts": mounts }), json!({ "volumes": volumes })).await;
    scene.after(1.0).await;
    assert_eq!(state(&scene.status("web").await, "c"), "running");
    let volumes = &scene.machine.volumes;
    let root = |name: &str| format!("/var/lib/kubelet/pods/{}/volumes/{name}", pod.uid());
    assert_eq!(volumes.read(root("conf") + "/a").unwrap(), "1");
    assert_eq!(volumes.read(root("all") + "/deep/a").unwrap(), "1");
    assert_eq!(volumes.read(root("all") + "/ns").unwrap(), "default");
    assert!(volumes.read(root("all") + "/token").unwrap().len() > 100);
    let mut changed = ConfigMap::clone(&map);
    changed.data.as_mut().unwrap().insert("a".to_owned(), "2".to_owned());
    scene.client.namespaced::<ConfigMap>("default").update(changed).await.unwrap();
    scene.after(1.0).await;
    assert_eq!(volumes.read(root("conf") + "/a").unwrap(), "2");
    assert_eq!(volumes.list_files(&VolumeKey::new(pod.uid(), "none")).len(), 0);
}
