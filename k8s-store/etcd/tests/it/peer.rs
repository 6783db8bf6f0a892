//! A real etcd, started for one test and stopped with it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A program of etcd's, from `ETCD_BIN` or the path; `None` after saying so.
#[expect(clippy::disallowed_methods, reason = "a test finds the programs of others by the environment")]
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var("ETCD_BIN").into_iter().chain(std::env::var("PATH"));
    let folders: Vec<_> = folders.flat_map(|list| list.split(':').map(PathBuf::from).collect::<Vec<_>>()).collect();
    // Where `.ci/tools` puts it, for who runs one test by hand.
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/ci/bin");
    let found = folders.into_iter().chain([usual]).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("SKIPPED: there is no {name} of at least 3.5.30; .ci/tools makes it");
        assert!(std::env::var("REQUIRE_EVERYTHING").is_err(), "everything is required, but there is no {name}");
    }
    found
}

/// A port of this machine that nobody has just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A new folder that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("k8s-store-etcd-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An etcd of one member.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) url: String,
    _process: Running,
    _folder: Scratch,
}

impl Peer {
    /// With more arguments; `None` if there is no etcd here. It may take a moment until it answers.
    pub(crate) fn start(scheme: &str, arguments: &[&str]) -> Option<Self> {
        let program = program("etcd")?;
        let folder = Scratch::new();
        let url = format!("{scheme}://127.0.0.1:{}", free_port());
        let peers = format!("http://127.0.0.1:{}", free_port());
        let process = Command::new(program)
            .args(["--log-level", "error", "--unsafe-no-fsync", "--listen-client-urls", &url])
            .args(["--advertise-client-urls", &url, "--listen-peer-urls", &peers])
            .args(["--initial-advertise-peer-urls", &peers, "--initial-cluster", &format!("default={peers}")])
            .args(arguments)
            .arg("--data-dir")
            .arg(folder.0.join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { url, _process: Running(process), _folder: folder })
    }
}
