//! The store over etcd, where etcd is at its worst: members die, stop and vanish; users expire; strangers are refused.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what is compared and what is skipped is told")]

mod cluster;
mod guarded;
mod login;
mod members;
mod parted;
mod peer;
mod relay;
mod tls;
