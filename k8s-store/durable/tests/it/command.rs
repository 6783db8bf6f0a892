//! The command, as an operator gives it.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_store::{Maintenance, StoreExt};
use k8s_store_durable::Durable;

use crate::scratch::scratch;

/// What the command says, and whether it is content.
fn say(words: &[&str], paths: &[&Path]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_k8s-store-durable")).args(words).args(paths).output().unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn room() -> PathBuf {
    let room = scratch();
    std::fs::create_dir(&room).unwrap();
    room
}

async fn filled(directory: &Path) {
    let store = Durable::open(directory).await.unwrap();
    for n in 0..100 {
        store.put(format!("k/{}", n % 10).into(), vec![n; 1000].into()).await.unwrap();
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_store_moves_through_a_snapshot() {
    let scratch = room();
    let (from, file, to) = (scratch.join("from"), scratch.join("file"), scratch.join("to"));
    filled(&from).await;
    let (well, before) = say(&["verify"], &[&from]);
    assert!(well && before.starts_with("ok: version 2, revision 101, oldest 1, 10 keys, 0 leases"), "{before}");
    assert!(say(&["snapshot"], &[&from, &file]).1.starts_with("revision 101 is in "));
    assert!(say(&["status"], &[&file]).1.contains("revision 101"));
    assert!(say(&["restore"], &[&file, &to]).1.ends_with("is at revision 101\n"));
    assert!(say(&["upgrade"], &[&to]).0 && say(&["defrag"], &[&to]).0);
    let hash = |line: &str| line.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(hash(&say(&["status"], &[&to]).1), hash(&before));
    let store = Durable::open(&to).await.unwrap();
    assert_eq!(store.get("k/9".into()).await.unwrap().unwrap().value, vec![99; 1000]);
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let scratch = room();
    let directory = scratch.join("store");
    filled(&directory).await;
    assert_eq!(say(&["verify"], &[]).1.lines().next(), Some("usage: k8s-store-durable COMMAND"));
    assert!(!say(&["verify"], &[&scratch.join("nowhere")]).0);
    let open = Durable::open(&directory).await.unwrap();
    let (done, said) = say(&["defrag"], &[&directory]);
    assert!(!done && said.starts_with("error: "), "{said}");
    drop(open);

    let log = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let log = log.filter(|path| path.to_str().unwrap().contains("log-")).min().unwrap();
    let mut file = OpenOptions::new().write(true).open(&log).unwrap();
    file.seek(SeekFrom::Start(2000)).unwrap();
    file.write_all(b"damage").unwrap();
    let (well, said) = say(&["verify"], &[&directory]);
    assert!(!well && said.contains(log.file_name().unwrap().to_str().unwrap()), "{said}");
}
