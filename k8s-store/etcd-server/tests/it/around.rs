use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::peer::Running;

/// Our server as a program, and where it listens.
pub(crate) fn serve(arguments: &[&str]) -> (Running, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_k8s-store-etcd-server"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(url.starts_with("http"), "it says {line:?}");
    (Running(process), url)
}

pub(crate) fn serve_memory() -> (Running, String) {
    serve(&["--listen", "http://127.0.0.1:0", "--memory"])
}
