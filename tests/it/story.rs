//! The story: commands that were given to a real cluster, one after another, are given to ours, by each kubectl, and
//! what they say is compared.
//!
//! `docs/conformance.md` explains every difference; one that it does not explain fails, and so does an explanation of what
//! does not differ any more. Each run leaves a report in the build directory, `story/VERSION.txt`.

mod explained;
mod mask;
mod report;
mod step;

use std::fs;
use std::path::Path;

use futures_util::future::join_all;

use crate::around::shared;
use crate::kubectl::{self, Kubectl, Said, Setting};
use crate::served::Recorded;
use explained::Explained;
use mask::Masks;
use report::{Outcome, Report};
use step::Step;

const RECORDING: &str = "golden/cluster/kubectl";

/// So many commands must be equal at least, by the minor version of the client.
const FLOORS: [(u32, usize); 4] = [(27, 408), (30, 435), (33, 448), (36, 497)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn story_of_every_kubectl() {
    let Some(recording) = shared(RECORDING) else { return };
    let steps = step::read(&recording.join("story.jsonl"));
    let explained = Explained::read();
    let reports =
        join_all(kubectl::all().into_iter().map(|kubectl| tell(kubectl, &recording, &steps, &explained))).await;
    for report in &reports {
        report.write();
        println!("{report}");
    }
    for report in reports {
        let unexplained = report.unexplained();
        assert!(unexplained.is_empty(), "kubectl {}: differences without a reason:\n{unexplained}", report.kubectl);
        let outdated = report.outdated();
        assert!(outdated.is_empty(), "kubectl {}: said to differ, and equal: {outdated:?}", report.kubectl);
        let (_, floor) = FLOORS.into_iter().find(|(minor, _)| *minor == report.kubectl.minor).unwrap();
        assert!(report.equal() >= floor, "kubectl {}: {} equal, not {floor}", report.kubectl, report.equal());
    }
}

#[test]
fn story_masks_leave_nothing_to_mask() {
    let Some(recording) = shared(RECORDING) else { return };
    let masks = Masks::new(Path::new("/nowhere"), 36);
    for step in step::read(&recording.join("story.jsonl")) {
        let once = masks.apply(&step.said(), &step);
        assert_eq!(masks.apply(&once, &step), once, "masking twice is not masking once: {}", step.n);
    }
}

#[test]
fn story_explanations_name_commands_that_exist() {
    let Some(recording) = shared(RECORDING) else { return };
    let steps = step::read(&recording.join("story.jsonl"));
    let unknown = Explained::read().unknown(&steps);
    assert!(unknown.is_empty(), "no such commands: {unknown:?}");
}

/// The whole story with one client, against a cluster of its own.
async fn tell(kubectl: Kubectl, recording: &Path, steps: &[Step], explained: &Explained) -> Report {
    let recorded = Recorded::start(&format!("story-{kubectl}")).await;
    let home = recorded.scratch.path();
    prepare(home, recording);
    let masks = Masks::new(home, kubectl.minor);
    let mut report = Report::new(kubectl.clone());
    for step in steps {
        if let Some(reason) = explained.left_out(step.n, kubectl.minor) {
            report.add(step, Outcome::LeftOut(reason.to_owned()));
            continue;
        }
        let editor = step.editor(home);
        let setting = Setting {
            kubeconfig: &recorded.kubeconfig(step.user.as_deref().unwrap_or("tok")),
            home,
            editor: &editor,
            stdin: step.stdin.as_deref().unwrap_or_default(),
        };
        let said = kubectl.run(setting, &step.arguments()).await;
        let (expected, said) = (masks.apply(&masks.as_this_client(&step.said()), step), masks.apply(&said, step));
        report.add(step, judge(expected, said, explained.differing(step.n, kubectl.minor)));
    }
    recorded.stop().await;
    report
}

fn judge(expected: Said, said: Said, reason: Option<&str>) -> Outcome {
    if expected == said {
        Outcome::Equal { outdated: reason.is_some_and(|reason| !reason.starts_with(explained::SOMETIMES)) }
    } else {
        Outcome::Differs { expected, said, reason: reason.map(str::to_owned) }
    }
}

/// The folders and files that the story needs.
fn prepare(home: &Path, recording: &Path) {
    for folder in ["home", "tmp", "manifests"] {
        fs::create_dir_all(home.join(folder)).unwrap();
    }
    for file in fs::read_dir(recording.join("manifests")).unwrap() {
        let file = file.unwrap();
        fs::write(home.join("manifests").join(file.file_name()), fs::read(file.path()).unwrap()).unwrap();
    }
    fs::write(home.join("breaks"), "sed -i 's/^  a: /  a b: /' \"$1\"\n").unwrap();
}
