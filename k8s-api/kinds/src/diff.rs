//! Unified diffs as upstream's messages carry them: three lines of context, no file names.
//!
//! Which of several shortest-looking diffs comes out depends on the matcher: this is the one of Python's `difflib`,
//! which upstream uses through a port. It looks for the longest common run of lines, then left and right of it; lines
//! that come too often in a long text start no run.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

const CONTEXT: usize = 3;

/// Texts of this many lines have frequent lines left out of the search.
const LONG: usize = 200;

/// The unified diff of two texts; empty when they are equal.
pub(crate) fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let mut out = String::new();
    for group in grouped(&Matcher::new(&old, &new).changes(), old.len(), new.len()) {
        let (first, last) = (&group[0], &group[group.len() - 1]);
        let a = first.old.start..last.old.end;
        let b = first.new.start..last.new.end;
        let _ = writeln!(out, "@@ -{} +{} @@", position(&a), position(&b));
        for step in &group {
            if step.equal {
                write_lines(&mut out, ' ', &old[step.old.clone()]);
            } else {
                write_lines(&mut out, '-', &old[step.old.clone()]);
                write_lines(&mut out, '+', &new[step.new.clone()]);
            }
        }
    }
    out
}

fn write_lines(out: &mut String, mark: char, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(out, "{mark}{line}");
    }
}

fn position(range: &Range<usize>) -> String {
    match range.len() {
        1 => (range.start + 1).to_string(),
        0 => format!("{},0", range.start),
        length => format!("{},{length}", range.start + 1),
    }
}

/// A stretch of both texts that is equal or not.
#[derive(Clone)]
struct Step {
    equal: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// The changes with their context, those that lie close together in one group.
fn grouped(steps: &[Step], old_len: usize, new_len: usize) -> Vec<Vec<Step>> {
    let mut steps = steps.to_vec();
    if steps.iter().all(|step| step.equal) || (old_len == 0 && new_len == 0) {
        return Vec::new();
    }
    if let Some(first) = steps.first_mut().filter(|step| step.equal) {
        keep_end(first);
    }
    if let Some(last) = steps.last_mut().filter(|step| step.equal) {
        keep_start(last);
    }
    let (mut groups, mut group) = (Vec::new(), Vec::new());
    for step in steps {
        if step.equal && step.old.len() > 2 * CONTEXT {
            let (mut before, mut after) = (step.clone(), step);
            keep_start(&mut before);
            keep_end(&mut after);
            group.push(before);
            groups.push(std::mem::replace(&mut group, vec![after]));
        } else {
            group.push(step);
        }
    }
    if group.len() > 1 || group.first().is_some_and(|step: &Step| !step.equal) {
        groups.push(group);
    }
    groups
}

fn keep_end(step: &mut Step) {
    step.old.start = step.old.start.max(step.old.end.saturating_sub(CONTEXT));
    step.new.start = step.new.start.max(step.new.end.saturating_sub(CONTEXT));
}

fn keep_start(step: &mut Step) {
    step.old.end = step.old.end.min(step.old.start + CONTEXT);
    step.new.end = step.new.end.min(step.new.start + CONTEXT);
}

struct Matcher<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    /// Where each line of the new text stands that may start a run.
    places: HashMap<&'a str, Vec<usize>>,
}

/// A run of equal lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    old: usize,
    new: usize,
    length: usize,
}

impl<'a> Matcher<'a> {
    fn new(old: &'a [&'a str], new: &'a [&'a str]) -> Self {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, line) in new.iter().enumerate() {
            places.entry(line).or_default().push(i);
        }
        if new.len() >= LONG {
            places.retain(|_, at| at.len() <= new.len() / 100 + 1);
        }
        Self { old, new, places }
    }

    fn changes(&self) -> Vec<Step> {
        let mut matches = Vec::new();
        self.search(0..self.old.len(), 0..self.new.len(), &mut matches);
        matches.sort_unstable();
        matches.push(Match { old: self.old.len(), new: self.new.len(), length: 0 });
        let (mut steps, mut i, mut j): (Vec<Step>, usize, usize) = (Vec::new(), 0, 0);
        for found in matches {
            if i < found.old || j < found.new {
                steps.push(Step { equal: false, old: i..found.old, new: j..found.new });
            }
            (i, j) = (found.old + found.length, found.new + found.length);
            if found.length == 0 {
                continue;
            }
            match steps.last_mut() {
                Some(last) if last.equal => (last.old.end, last.new.end) = (i, j),
                _ => steps.push(Step { equal: true, old: found.old..i, new: found.new..j }),
            }
        }
        steps
    }

    fn search(&self, old: Range<usize>, new: Range<usize>, matches: &mut Vec<Match>) {
        let mut todo = vec![(old, new)];
        while let Some((old, new)) = todo.pop() {
            let found = self.longest(&old, &new);
            if found.length > 0 {
                todo.push((old.start..found.old, new.start..found.new));
                todo.push((found.old + found.length..old.end, found.new + found.length..new.end));
                matches.push(found);
            }
        }
    }

    fn longest(&self, old: &Range<usize>, new: &Range<usize>) -> Match {
        let mut best = Match { old: old.start, new: new.start, length: 0 };
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for i in old.clone() {
            let mut next = HashMap::new();
            let at = self.places.get(self.old[i]).map(Vec::as_slice).unwrap_or_default();
            for &j in at.iter().skip_while(|j| **j < new.start).take_while(|j| **j < new.end) {
                let length = j.checked_sub(1).and_then(|j| lengths.get(&j)).unwrap_or(&0) + 1;
                next.insert(j, length);
                if length > best.length {
                    best = Match { old: i + 1 - length, new: j + 1 - length, length };
                }
            }
            lengths = next;
        }
        while best.old > old.start && best.new > new.start && self.old[best.old - 1] == self.new[best.new - 1] {
            best = Match { old: best.old - 1, new: best.new - 1, length: best.length + 1 };
        }
        let end = |m: Match| (m.old + m.length, m.new + m.length);
        while end(best).0 < old.end && end(best).1 < new.end && self.old[end(best).0] == self.new[end(best).1] {
            best.length += 1;
        }
        best
    }
}
