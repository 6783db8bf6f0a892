//! kubectl, of several releases.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::around::{named_by, skipped};

/// The releases that must work, by their minor version.
const MINORS: [u32; 4] = [27, 30, 33, 36];

/// How long a command may take. What waits in the recordings waits less than that.
const PATIENCE: Duration = Duration::from_secs(90);

/// A kubectl.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    pub(crate) minor: u32,
    pub(crate) program: PathBuf,
}

impl fmt::Display for Kubectl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The exit code, or `timeout`.
    pub(crate) exit: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// How to run a command, beside its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) kubeconfig: &'a Path,
    /// The folder that is home and has the folders `tmp` and `manifests`; commands run in the latter.
    pub(crate) home: &'a Path,
    pub(crate) editor: &'a str,
    pub(crate) stdin: &'a str,
}

/// Every kubectl that is asked for and here.
pub(crate) fn all() -> Vec<Kubectl> {
    let Some(folder) = named_by("KUBECTLS") else { return Vec::new() };
    let found = MINORS.into_iter().filter_map(|minor| {
        let program = folder.join(format!("kubectl-1.{minor}"));
        if program.exists() {
            Some(Kubectl { minor, program })
        } else {
            skipped(&format!("there is no kubectl 1.{minor}"))
        }
    });
    found.collect()
}

impl Kubectl {
    pub(crate) async fn run(&self, setting: Setting<'_>, arguments: &[String]) -> Said {
        let home = setting.home;
        let mut child = Command::new(&self.program)
            .arg0("kubectl")
            .args(arguments)
            .current_dir(home.join("manifests"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.join("home"))
            .env("TMPDIR", home.join("tmp"))
            .env("KUBECONFIG", setting.kubeconfig)
            .env("EDITOR", setting.editor)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(setting.stdin.as_bytes()).await;
        match timeout(PATIENCE, child.wait_with_output()).await {
            Err(_) => Said { exit: "timeout".to_owned(), stdout: String::new(), stderr: String::new() },
            Ok(output) => {
                let output = output.unwrap();
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let exit = output.status.code().map_or_else(|| "signal".to_owned(), |code| code.to_string());
                Said { exit, stdout: text(&output.stdout), stderr: text(&output.stderr) }
            }
        }
    }
}
