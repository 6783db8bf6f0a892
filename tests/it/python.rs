//! The official Python client. `tests/python/client.py` says what it does.

use std::path::Path;
use std::time::Duration;

use k8s_kit::node_agent::HollowNode;
use tokio::process::Command;
use tokio::time::timeout;

use crate::around::named_by;
use crate::served::Recorded;

/// How long the whole script may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_client_does_verbs_patches_watches_and_logs() {
    let Some(python) = named_by("PYTHON_CLIENT") else { return };
    let nodes = (1..=2).map(|i| HollowNode::new(format!("node-{i}")).cpu(8));
    let recorded = Recorded::start_with("python", nodes).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/client.py");
    let run = Command::new(python)
        .arg(script)
        .arg(recorded.kubeconfig("tok"))
        .env("HOME", recorded.scratch.path())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    recorded.stop().await;
}
