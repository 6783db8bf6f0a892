//! Manifests as people write them are applied and become ready.

use std::fs;
use std::path::Path;

use k8s_kit::cri::memory::{Behavior, Match};
use k8s_kit::node_agent::HollowNode;

use crate::around::shared;
use crate::kubectl::{self, Kubectl, Setting};
use crate::served::Recorded;

/// What to wait for after a file was applied.
const READY: &[(&str, &[&str])] = &[
    ("canary.yaml", &["rollout status deployment --timeout=60s"]),
    ("config.yaml", &["wait --for=condition=Ready pod --all --timeout=60s"]),
    (
        "guestbook.yaml",
        &["rollout status deployment --timeout=60s", "wait --for=condition=Ready pod --all --timeout=60s"],
    ),
    ("jobs.yaml", &["wait --for=condition=complete job --all --timeout=60s"]),
    (
        "placement.yaml",
        &[
            "rollout status deployment/spread --timeout=60s",
            "wait --for=jsonpath={.status.conditions[0].reason}=Unschedulable pod/never-fits --timeout=60s",
            "wait --for=jsonpath={.status.currentHealthy}=5 pdb/spread --timeout=60s",
        ],
    ),
    ("services.yaml", &["get services,endpointslices"]),
    ("sidecars.yaml", &["rollout status deployment/with-sidecar --timeout=60s"]),
    ("thousand.yaml", &["rollout status deployment/big --timeout=120s"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manifests_apply_and_become_ready() {
    let Some(folder) = shared("manifests") else { return };
    let Some(kubectl) = kubectl::all().pop() else { return };
    let known = |name: &str| READY.iter().any(|(file, _)| *file == name);
    let files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let unknown: Vec<_> = files
        .iter()
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "yaml") && !known(name))
        .collect();
    assert!(unknown.is_empty(), "nobody says when these are ready: {unknown:?}");

    let perl = Behavior::new().logs("3").exits_with(0);
    let node = |i| HollowNode::new(format!("node-{i}")).cpu(8).memory("32Gi");
    let nodes = (1..=10).map(|i| node(i).interprets_commands().script(Match::image("perl*"), perl.clone()));
    let recorded = Recorded::start_with("manifests", nodes).await;
    for name in ["home", "tmp", "manifests"] {
        fs::create_dir_all(recorded.scratch.path().join(name)).unwrap();
    }
    for (file, waits) in READY {
        let namespace = file.trim_end_matches(".yaml");
        // One file says itself where its objects go.
        let namespace = if namespace == "thousand" { "default" } else { namespace };
        if namespace != "default" {
            run(&kubectl, &recorded, &format!("create namespace {namespace}")).await;
        }
        let path = folder.join(file).canonicalize().unwrap();
        run(&kubectl, &recorded, &format!("apply -n {namespace} -f {}", path.display())).await;
        for wait in *waits {
            run(&kubectl, &recorded, &format!("-n {namespace} {wait}")).await;
        }
        println!("{file}: ready");
    }
    recorded.stop().await;
}

async fn run(kubectl: &Kubectl, recorded: &Recorded, command: &str) {
    let arguments: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let home: &Path = recorded.scratch.path();
    let setting = Setting { kubeconfig: &recorded.kubeconfig("tok"), home, editor: "true", stdin: "" };
    let said = kubectl.run(setting, &arguments).await;
    assert_eq!(said.exit, "0", "kubectl {command}\n{}{}", said.stdout, said.stderr);
}
