//! Recorded requests and answers: the same causes in the same order, the same defaulted object.
mod create;
mod record;
mod update;

use std::collections::BTreeMap;

use record::{Case, Verdict};

/// Plays every case of a topic and asks for at least this many equal ones.
fn play(topic: &str, floor: usize, judge: impl Fn(&Case, &[Case]) -> Verdict) {
    let Some(cases) = record::topic(topic) else {
        eprintln!("SKIPPED: no recordings of {topic} beside the repository");
        return;
    };
    let mut counts = BTreeMap::new();
    for case in &cases {
        let verdict = judge(case, &cases);
        if let Verdict::Differs(why) = &verdict {
            eprintln!("differs: {}\n{why}", case.name);
        }
        *counts.entry(verdict.word()).or_insert(0_usize) += 1;
    }
    eprintln!("{topic}: {counts:?}");
    assert!(counts.get("equal").copied().unwrap_or(0) >= floor, "{topic}: {counts:?}, want {floor} equal");
}

#[test]
fn defaults_services() {
    play("defaults_services", 18, create::judge);
}

#[test]
fn defaults_cluster() {
    play("defaults_cluster", 41, create::judge);
}

#[test]
fn defaults_other_namespaced() {
    play("defaults_other_namespaced", 30, create::judge);
}

#[test]
fn validation_services() {
    play("validation_services", 37, create::judge);
}

#[test]
fn validation_cluster() {
    play("validation_cluster", 132, create::judge);
}

#[test]
fn validation_other_namespaced() {
    play("validation_other_namespaced", 106, create::judge);
}

#[test]
fn validation_updates() {
    play("validation_updates", 40, update::judge);
}
