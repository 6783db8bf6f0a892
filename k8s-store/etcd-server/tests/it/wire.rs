//! The same calls, message by message, to etcd and to us.

pub(crate) mod client;
mod kubernetes;
pub(crate) mod script;

use std::fmt::Write;

use crate::around::serve_memory;
use crate::peer::Peer;
use client::Client;

/// Runs `script` against both and fails where what was answered differs.
fn compare<F: Future<Output = ()>>(name: &str, script: impl Fn(Script) -> F) {
    let Some(etcd) = Peer::start("http", &[]) else { return };
    let (_ours, url) = serve_memory();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = |url: &str| {
        runtime.block_on(async {
            let script_of = Script { client: Client::connect(url).await, said: Said::default() };
            let said = script_of.said.clone();
            tokio::time::timeout(std::time::Duration::from_secs(60), script(script_of)).await.unwrap();
            said.0.lock().unwrap().clone()
        })
    };
    let (theirs, ours) = (said(&etcd.url), said(&url));
    let mut differing = String::new();
    for (theirs, ours) in theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours) {
        writeln!(differing, "etcd: {theirs}\nours: {ours}\n").unwrap();
    }
    println!("{name}: {} answers compared, {} equal", theirs.len(), theirs.len() - differing.matches("etcd: ").count());
    assert!(differing.is_empty(), "{differing}");
    assert_eq!(theirs.len(), ours.len());
    assert!(!ours.is_empty());
}

#[derive(Clone)]
struct Script {
    client: Client,
    said: Said,
}

/// What was answered, in order, as text, masked.
#[derive(Clone, Default)]
struct Said(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Said {
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(crate::masks::masked(text));
    }
}

impl Script {
    /// Notes an answer, or the code and the words of a refusal.
    fn note<T: std::fmt::Debug>(&self, what: &str, answer: Result<tonic::Response<T>, tonic::Status>) -> Option<T> {
        match answer {
            Ok(answer) => {
                let answer = answer.into_inner();
                self.said.note(&format!("{what}: {answer:?}"));
                Some(answer)
            }
            Err(status) => {
                self.said.note(&format!("{what}: {:?} {}", status.code(), status.message()));
                None
            }
        }
    }
}
