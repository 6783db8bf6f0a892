//! The example that people keep running.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use k8s_kit::client::{Client, ListOptions};
use k8s_kit::env::Env;
use k8s_kit::https::Kubeconfig;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::around::Scratch;

/// How long the program may take to end.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// Beside the folder of this test's own program.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("examples/cluster")
}

pub(crate) async fn start(temporary: &Path, arguments: &[&str]) -> (Child, PathBuf) {
    let mut child = Command::new(program())
        .args(arguments)
        .env("TMPDIR", temporary)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut kubeconfig = None;
    while let Some(line) = timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap() {
        if let Some(path) = line.trim().strip_prefix("export KUBECONFIG=") {
            kubeconfig = Some(PathBuf::from(path));
        }
        if line.starts_with("Ctrl-C") {
            break;
        }
    }
    (child, kubeconfig.unwrap())
}

pub(crate) async fn stop(mut child: Child, signal: &str) {
    let asked = Instant::now();
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    let status = timeout(STOPS_WITHIN, child.wait()).await.expect("it does not stop").unwrap();
    assert!(status.success(), "{status}");
    println!("stopped after {} ms", asked.elapsed().as_millis());
}

#[tokio::test]
async fn cluster_example_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let scratch = Scratch::new(&format!("example{signal}"));
        let (child, kubeconfig) = start(scratch.path(), &["--nodes", "5"]).await;
        assert!(kubeconfig.starts_with(scratch.path()) && kubeconfig.exists());
        stop(child, signal).await;
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "something is left behind");
    }
}

#[tokio::test]
async fn cluster_example_keeps_away_from_the_kubeconfigs_of_others() {
    let scratch = Scratch::new("example-path");
    let path = scratch.path().join("config");
    let named = ["--kubeconfig", path.to_str().unwrap()];
    let (child, kubeconfig) = start(scratch.path(), &named).await;
    assert_eq!(kubeconfig, path);
    stop(child, "-TERM").await;
    assert!(!path.exists(), "its own kubeconfig is left behind");

    std::fs::write(&path, "mine").unwrap();
    let said = fails(&named).await;
    assert!(said.contains("exists already") && std::fs::read_to_string(&path).unwrap() == "mine", "{said}");
}

#[tokio::test]
async fn cluster_example_takes_the_place_of_one_that_was_killed() {
    let scratch = Scratch::new("example-again");
    let path = scratch.path().join("config");
    let named = ["--kubeconfig", path.to_str().unwrap()];
    let (mut killed, _) = start(scratch.path(), &named).await;
    let said = fails(&named).await;
    assert!(said.contains("still up"), "{said}");
    killed.kill().await.unwrap();
    assert!(path.exists());
    let (child, _) = start(scratch.path(), &named).await;
    stop(child, "-TERM").await;
    assert!(!path.exists());
}

#[tokio::test]
async fn cluster_example_says_what_is_wrong() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = fails(&["--listen", &address]).await;
    let wanted = format!("error: cannot serve on {address}: Address already in use");
    assert!(said.starts_with(&wanted), "{said}");
}

/// What the program says that must end with an error.
async fn fails(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).kill_on_drop(true).output();
    let output = timeout(Duration::from_secs(20), output).await.unwrap().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn cluster_example_shows_nothing_to_who_shows_no_credentials() {
    let scratch = Scratch::new("example-anonymous");
    let (child, kubeconfig) = start(scratch.path(), &["--nodes", "1"]).await;
    let mut nobody = Kubeconfig::read(&kubeconfig).unwrap();
    for named in &mut nobody.users {
        named.user = Default::default();
    }
    let client = k8s_kit::https::client(&nobody, &Env::system()).unwrap();
    let maps = client.namespaced::<ConfigMap>("default");
    assert_eq!(maps.list(ListOptions::default()).await.unwrap_err().code, 403);
    client.get_path("/version").await.unwrap();
    stop(child, "-TERM").await;
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 20
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: registry.example/web}]}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_cluster_has_answered_survives_a_kill() {
    let scratch = Scratch::new("example-kill");
    let data = scratch.path().join("data");
    let arguments = ["--nodes", "2", "--data-dir", data.to_str().unwrap()];
    let env = Env::system();
    for life in 1..=3 {
        let (mut child, kubeconfig) = start(scratch.path(), &arguments).await;
        let client = connect(&kubeconfig);
        let maps = client.namespaced::<ConfigMap>("default");
        let known = maps.list(ListOptions::default().labels("life")).await.unwrap().items;
        assert_eq!(known.len(), 20 * (life - 1), "in life {life}");
        // The nodes' containers died with the process, and are started again.
        client.apply(DEPLOYMENT).await.unwrap();
        let available = |web: Option<&Arc<Deployment>>| {
            web?.status.as_ref()?.available_replicas.filter(|available| *available == 20)
        };
        let rolled_out = client.until(&env, "default", "web", available);
        timeout(Duration::from_secs(60), rolled_out).await.expect("it rolls out in time").unwrap();
        for i in 0..20 {
            let mut map = ConfigMap::default();
            map.metadata.name = Some(format!("map-{life}-{i}"));
            map.metadata.labels = Some([("life".to_owned(), life.to_string())].into());
            maps.create(map).await.unwrap();
        }
        child.kill().await.unwrap();
    }
    let (child, _) = start(scratch.path(), &arguments).await;
    stop(child, "-TERM").await;
}

fn connect(kubeconfig: &Path) -> Client {
    k8s_kit::https::client(&Kubeconfig::read(kubeconfig).unwrap(), &Env::system()).unwrap()
}
