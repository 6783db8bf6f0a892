use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::api_server::{admin, cluster};

/// Every kubectl on this machine, by the usual places.
fn kubectls() -> Vec<PathBuf> {
    let folders = ["/usr/lib/google-cloud-sdk/bin", "/usr/local/bin", "/usr/bin"];
    let mut found: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n == "kubectl" || n.starts_with("kubectl.1."))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn kubectl_reads_the_kubeconfig_and_lists_namespaces() {
    let kubectls = kubectls();
    if kubectls.is_empty() {
        println!("SKIPPED: no kubectl on this machine");
        return;
    }
    let (_server, served) = cluster().await;
    let folder = std::env::temp_dir().join(format!("k8s-api-https-kubectl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("admin.conf");
    admin(&served).write(&path).unwrap();
    for kubectl in kubectls {
        let run = Command::new(&kubectl)
            .args(["--request-timeout=10s", "get", "ns", "-o", "name"])
            .env_clear()
            .env("HOME", &folder)
            .env("KUBECONFIG", &path)
            .kill_on_drop(true)
            .output();
        let output = timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && text.contains("namespace/kube-system"),
            "{}: {text}{errors}",
            kubectl.display()
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
