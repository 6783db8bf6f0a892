//! How the program ends.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::around::{serve, serve_memory};
use crate::peer::{Scratch, program};

/// At once, even while somebody watches, and without a complaint.
#[test]
fn a_signal_stops_it() {
    for signal in ["-INT", "-TERM"] {
        let (mut ours, url) = serve_memory();
        let mut watch = program("etcdctl").map(|etcdctl| {
            let watch = Command::new(etcdctl).args(["--endpoints", &url, "watch", "a"]).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            crate::peer::Running(watch)
        });
        let asked = now();
        Command::new("kill").args([signal, &ours.0.id().to_string()]).status().unwrap();
        let status = ours.0.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        drop(watch.take());
    }
}

/// What was answered is there after `kill -9`.
#[test]
fn a_data_directory_outlives_the_program() {
    let Some(etcdctl) = program("etcdctl") else { return };
    let folder = Scratch::new();
    let data = folder.0.join("data");
    let arguments = ["--listen", "http://127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
    let say = |url: &str, command: &str| {
        let output = Command::new(&etcdctl).args(["--endpoints", url]).args(command.split(' ')).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for round in 1..4 {
        let (ours, url) = serve(&arguments);
        say(&url, &format!("put key{round} {round}"));
        assert_eq!(say(&url, "get key --prefix --print-value-only").lines().count(), round);
        drop(ours);
    }
    let (_ours, url) = serve(&arguments);
    let found = say(&url, "get key2 -w json");
    assert!(found.contains(r#""create_revision":3,"mod_revision":3,"version":1"#), "{found}");
}

#[expect(clippy::disallowed_methods, reason = "a process of its own lives in the world's time")]
fn now() -> Instant {
    Instant::now()
}

/// What it cannot do it says, and ends.
#[test]
fn a_bad_command_line_is_refused() {
    for arguments in [
        &["--listen", "http://127.0.0.1:0"][..],
        &["--memory", "--data-dir", "/nowhere"],
        &["--memory", "--listen", "https://127.0.0.1:0"],
        &["--memory", "--listen", "ftp://127.0.0.1:0"],
        &["--memory", "--listen", "http://300.0.0.1:0"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_k8s-store-etcd-server")).args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
