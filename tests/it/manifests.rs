//! Manifests as people write them are applied to the example that people keep running, and become ready.

use std::fs;
use std::path::{Path, PathBuf};

use crate::around::{Scratch, shared};
use crate::example;
use crate::kubectl::{self, Kubectl, Setting};

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

    let scratch = Scratch::new("manifests");
    for name in ["home", "tmp", "manifests"] {
        fs::create_dir_all(scratch.path().join(name)).unwrap();
    }
    let (cluster, kubeconfig) = example::start(scratch.path(), &["--nodes", "5"]).await;
    let kubectl = Driver { kubectl, kubeconfig, home: scratch.path() };
    for (file, waits) in READY {
        let namespace = file.trim_end_matches(".yaml");
        // One file says itself where its objects go.
        let namespace = if namespace == "thousand" { "default" } else { namespace };
        if namespace != "default" {
            kubectl.run(&format!("create namespace {namespace}")).await;
        }
        let path = folder.join(file).canonicalize().unwrap();
        kubectl.run(&format!("apply -n {namespace} -f {}", path.display())).await;
        for wait in *waits {
            kubectl.run(&format!("-n {namespace} {wait}")).await;
        }
        println!("{file}: ready");
    }
    example::stop(cluster, "-TERM").await;
}

/// What people type first, to see that containers do something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_made_up_containers_run() {
    let Some(kubectl) = kubectl::all().pop() else { return };
    let scratch = Scratch::new("commands");
    for name in ["home", "tmp", "manifests"] {
        fs::create_dir_all(scratch.path().join(name)).unwrap();
    }
    let (cluster, kubeconfig) = example::start(scratch.path(), &["--nodes", "1"]).await;
    let kubectl = Driver { kubectl, kubeconfig, home: scratch.path() };
    kubectl.run("create job done --image=busybox -- true").await;
    kubectl.run("wait --for=condition=complete job/done --timeout=30s").await;
    let typed = ["run", "fails", "--image=busybox", "--restart=Never", "--", "sh", "-c", "echo hi; exit 3"];
    kubectl.type_in(&typed.map(str::to_owned)).await;
    kubectl.run("wait --for=jsonpath={.status.phase}=Failed pod/fails --timeout=30s").await;
    assert_eq!(kubectl.run("logs fails").await, "hi\n");
    let code = "get pod fails -o jsonpath={.status.containerStatuses[0].state.terminated.exitCode}";
    assert_eq!(kubectl.run(code).await, "3");
    example::stop(cluster, "-TERM").await;
}

/// A kubectl of somebody who sits before the example.
struct Driver<'a> {
    kubectl: Kubectl,
    kubeconfig: PathBuf,
    home: &'a Path,
}

impl Driver<'_> {
    /// Runs a command without spaces in its words; it must succeed.
    async fn run(&self, command: &str) -> String {
        self.type_in(&command.split(' ').map(str::to_owned).collect::<Vec<_>>()).await
    }

    async fn type_in(&self, words: &[String]) -> String {
        let setting = Setting { kubeconfig: &self.kubeconfig, home: self.home, editor: "true", stdin: "" };
        let said = self.kubectl.run(setting, words).await;
        assert_eq!(said.exit, "0", "kubectl {words:?}\n{}{}", said.stdout, said.stderr);
        said.stdout
    }
}
