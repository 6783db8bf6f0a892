use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::step::Step;
use crate::around::reports;
use crate::kubectl::{Kubectl, Said};

/// What became of a command.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// What the recording says; `outdated` where a difference is explained.
    Equal {
        outdated: bool,
    },
    Differs {
        expected: Said,
        said: Said,
        reason: Option<String>,
    },
    LeftOut(String),
}

/// What became of all commands with one client.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) kubectl: Kubectl,
    outcomes: Vec<(u32, String, Outcome)>,
}

impl Report {
    pub(crate) fn new(kubectl: Kubectl) -> Self {
        Self { kubectl, outcomes: Vec::new() }
    }

    pub(crate) fn add(&mut self, step: &Step, outcome: Outcome) {
        self.outcomes.push((step.n, step.argv.join(" "), outcome));
    }

    pub(crate) fn equal(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Equal { .. }))
    }

    /// The commands that differ although nobody said why, and how; empty if there are none.
    pub(crate) fn unexplained(&self) -> String {
        self.entries(|outcome| matches!(outcome, Outcome::Differs { reason: None, .. }))
    }

    /// The commands that are equal although somebody said why not.
    pub(crate) fn outdated(&self) -> Vec<u32> {
        let outdated = self.outcomes.iter().filter(|(.., o)| matches!(o, Outcome::Equal { outdated: true }));
        outdated.map(|(n, ..)| *n).collect()
    }

    pub(crate) fn write(&self) {
        let text = format!("{self}\n{}", self.entries(|_| true));
        std::fs::write(reports("story").join(format!("{}.txt", self.kubectl)), text).unwrap();
    }

    fn entries(&self, which: impl Fn(&Outcome) -> bool) -> String {
        let mut text = String::new();
        for (n, command, outcome) in self.outcomes.iter().filter(|(.., outcome)| which(outcome)) {
            writeln!(text, "\n=== {n} kubectl {command}").unwrap();
            outcome.write(&mut text);
        }
        text
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(.., outcome)| which(outcome)).count()
    }
}

impl Outcome {
    fn write(&self, text: &mut String) {
        match self {
            Self::Equal { outdated: false } => writeln!(text, "equal").unwrap(),
            Self::Equal { outdated: true } => writeln!(text, "EQUAL, but said to differ").unwrap(),
            Self::LeftOut(reason) => writeln!(text, "left out: {reason}").unwrap(),
            Self::Differs { expected, said, reason } => {
                writeln!(text, "DIFFERS: {}", reason.as_deref().unwrap_or("nobody knows why")).unwrap();
                differences(text, "exit", &expected.exit, &said.exit);
                differences(text, "stdout", &expected.stdout, &said.stdout);
                differences(text, "stderr", &expected.stderr, &said.stderr);
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = self.count(|outcome| matches!(outcome, Outcome::LeftOut(_)));
        let (all, equal) = (self.outcomes.len(), self.equal());
        write!(
            f,
            "kubectl {}: {all} commands, {} compared, {equal} equal, {} differing, {left_out} left out",
            self.kubectl,
            all - left_out,
            all - left_out - equal,
        )
    }
}

/// The lines that only one side has, those of the recording with `-`.
fn differences(text: &mut String, name: &str, expected: &str, said: &str) {
    if expected == said {
        return;
    }
    writeln!(text, "--- {name}").unwrap();
    let mut balance: BTreeMap<&str, i32> = BTreeMap::new();
    for line in expected.lines() {
        *balance.entry(line).or_default() -= 1;
    }
    for line in said.lines() {
        *balance.entry(line).or_default() += 1;
    }
    if balance.values().all(|count| *count == 0) {
        writeln!(text, "the same lines in another order").unwrap();
    }
    for (lines, sign) in [(expected, '-'), (said, '+')] {
        for line in lines.lines() {
            let left = balance.entry(line).or_default();
            if (*left < 0) == (sign == '-') && *left != 0 {
                *left += if sign == '-' { 1 } else { -1 };
                writeln!(text, "{sign} {line}").unwrap();
            }
        }
    }
}
