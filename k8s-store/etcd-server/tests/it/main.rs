//! The server beside a real etcd: the same commands and the same calls, and the same answers.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what is compared and what is skipped is told")]

mod answers;
mod around;
mod etcdctl;
mod hostile;
mod masks;
#[path = "../../../etcd/tests/it/peer.rs"]
mod peer;
mod stopping;
mod wire;
