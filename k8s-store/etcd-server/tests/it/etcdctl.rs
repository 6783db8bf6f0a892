//! etcdctl says the same whether it speaks to etcd or to us.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::around::{serve, serve_memory};
use crate::masks::masked;
use crate::peer::{Peer, Scratch, program};

/// In order, since each finds what those before it left. `<` is followed by what is typed in.
const STORY: &[&str] = &[
    "endpoint health",
    "put a 1",
    "put a 2 --prev-kv",
    "put b 3 -w json",
    "put a/1 x",
    "put a/2 y",
    "put a/3 z",
    "get a",
    "get a -w json",
    "get a -w fields",
    "get a/ --prefix",
    "get a/ --prefix -w json --limit 2",
    "get a/ --prefix --keys-only",
    "get a/ --prefix --count-only -w json",
    "get a/ --prefix --print-value-only",
    "get a/ --prefix --order DESCEND",
    "get a/ --prefix --sort-by VALUE --order DESCEND",
    "get a/ --prefix --sort-by MODIFY --order DESCEND --limit 1 -w json",
    "get a --prefix --sort-by VERSION",
    "get a --prefix --sort-by CREATE --order ASCEND",
    "get a b",
    "get a/2 --from-key",
    "get a --rev 2",
    "get a --rev 3 -w json",
    "get a --rev 4000",
    "get nothing",
    "get nothing -w json",
    "put a --ignore-lease 5",
    "put nothing --ignore-value",
    "put nothing --lease 1234 v",
    "txn -w json <value(\"a\") = \"5\"\n\nput a 6\nget a\ndel a/1 --prev-kv\n\nput a 7\n\n",
    "txn <mod(\"a\") > \"4000\"\n\nput a 6\n\nget a\nget a/ --prefix\n\n",
    "txn <ver(\"nothing\") = \"0\"\ncreate(\"nothing\") = \"0\"\n\nput n 1\n\n\n",
    "txn <\nput twice 1\nput twice 2\n\n\n",
    "del a/2 --prev-kv",
    "del a/ --prefix -w json",
    "del nothing",
    "lease grant 100 -w json",
    "lease grant 1",
    "lease revoke 7",
    "lease timetolive 7",
    "lease keep-alive 7 --once",
    "compaction 6",
    "compaction 6",
    "compaction 4000",
    "get a --rev 5",
    "get a --rev 6",
    "put big/1 1",
    "endpoint status -w json",
    "endpoint hashkv",
    "member list",
    "member list -w json",
    "alarm list",
    "alarm disarm",
    "defrag",
    "auth status",
    "user list",
    "role list",
    "user add somebody:secret",
    "move-leader 1",
    "check datascale --load none",
];

/// What a store cannot say as etcd does, and why.
const DIFFERENT: &[(&str, &str)] = &[("user add somebody:secret", "this store has no users")];

struct Said {
    code: Option<i32>,
    text: String,
}

fn etcdctl(program: &Path, url: &str, command: &str) -> Said {
    let (command, typed) = command.split_once('<').unwrap_or((command, ""));
    let mut child = Command::new(program)
        .args(["--endpoints", url, "--command-timeout", "10s"])
        .args(command.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Said { code: output.status.code(), text: masked(&text) }
}

#[test]
fn recorded_story_of_etcdctl() {
    let (Some(program), Some(etcd)) = (program("etcdctl"), Peer::start("http", &[])) else { return };
    let (_ours, url) = serve_memory();
    let mut equal = 0;
    let mut different = Vec::new();
    for command in STORY {
        let (theirs, ours) = (etcdctl(&program, &etcd.url, command), etcdctl(&program, &url, command));
        if theirs.code == ours.code && theirs.text == ours.text {
            equal += 1;
        } else {
            different.push(*command);
            println!(
                "--- etcdctl {command}\netcd ({:?}): {}ours ({:?}): {}",
                theirs.code, theirs.text, ours.code, ours.text
            );
        }
    }
    println!("etcdctl: {} commands compared, {equal} equal, {} differ", STORY.len(), different.len());
    for command in different {
        assert!(DIFFERENT.iter().any(|(known, _)| *known == command), "{command} differs, and nothing says why");
    }
}

/// Events of every kind, in JSON, from the first revision on.
#[test]
fn recorded_watch_of_etcdctl() {
    let (Some(program), Some(etcd)) = (program("etcdctl"), Peer::start("http", &[])) else { return };
    let (_ours, url) = serve_memory();
    let mut seen = Vec::new();
    for url in [&etcd.url, &url] {
        for command in ["put a 1", "put a 2", "put b 1", "del a", "txn <\nput c 1\nput d 1\n\n\n"] {
            etcdctl(&program, url, command);
        }
        let mut watch = Command::new("timeout")
            .arg("3")
            .arg(&program)
            .args(["--endpoints", url, "watch", "", "--prefix", "--rev", "1", "--prev-kv"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        watch.wait().unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut watch.stdout.take().unwrap(), &mut text).unwrap();
        seen.push(text);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1].lines().filter(|line| *line == "PUT" || *line == "DELETE").count(), 6, "{}", seen[1]);
}

/// The file has the checksum that etcd's tools look for, and gives the store's own snapshot back.
#[test]
fn etcdctl_saves_a_snapshot() {
    let Some(program) = program("etcdctl") else { return };
    let (_ours, url) = serve_memory();
    etcdctl(&program, &url, "put a 1");
    let folder = Scratch::new();
    let file = folder.0.join("snapshot.db");
    let said = etcdctl(&program, &url, &format!("snapshot save {}", file.display()));
    assert!(said.code == Some(0) && said.text.contains("Snapshot saved at"), "{}", said.text);
    let saved = bytes::Bytes::from(std::fs::read(&file).unwrap());
    let snapshot = k8s_store_etcd_server::snapshot::unseal(&saved).unwrap();
    assert!(snapshot.starts_with(b"k8s-store memory"), "{snapshot:?}");
    assert!(k8s_store_etcd_server::snapshot::unseal(&saved.slice(..saved.len() - 1)).is_none());
}

/// What etcdctl saved of a durable store is restored as it is.
#[test]
fn a_saved_snapshot_becomes_a_store() {
    let Some(program) = program("etcdctl") else { return };
    let folder = Scratch::new();
    let path = |name: &str| folder.0.join(name);
    let serve_data =
        |name: &str| serve(&["--listen", "http://127.0.0.1:0", "--data-dir", path(name).to_str().unwrap()]);
    let (ours, url) = serve_data("from");
    for n in 0..20 {
        etcdctl(&program, &url, &format!("put k/{} {n}", n % 7));
    }
    let said = etcdctl(&program, &url, &format!("snapshot save {}", path("saved").display()));
    assert_eq!(said.code, Some(0), "{}", said.text);
    let before = etcdctl(&program, &url, "get k/ --prefix -w json --rev 21").text;
    drop(ours);
    let revision = k8s_store_durable::tools::restore(&path("saved"), &path("to")).unwrap();
    assert_eq!(revision.0, 21);
    let (_ours, url) = serve_data("to");
    let after = etcdctl(&program, &url, "get k/ --prefix -w json --rev 21").text;
    assert_eq!(masked(&after), masked(&before));
}
