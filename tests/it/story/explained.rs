use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::step::Step;

/// How a reason begins for what differs in some runs only.
pub(crate) const SOMETIMES: &str = "sometimes";

/// The reasons in `docs/conformance.md`: which commands are left out, and which may differ.
#[derive(Debug)]
pub(crate) struct Explained {
    left_out: Vec<Row>,
    differing: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    commands: BTreeSet<u32>,
    /// Minor versions of clients; empty for all.
    minors: BTreeSet<u32>,
    reason: String,
}

impl Explained {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md")).unwrap();
        Self { left_out: rows(&text, "### Left out"), differing: rows(&text, "### Differing") }
    }

    /// Why a command is not given to the client of this minor version.
    pub(crate) fn left_out(&self, n: u32, minor: u32) -> Option<&str> {
        reason(&self.left_out, n, minor)
    }

    /// Why a command may say something else.
    pub(crate) fn differing(&self, n: u32, minor: u32) -> Option<&str> {
        reason(&self.differing, n, minor)
    }

    /// Commands that are explained and not in the story.
    pub(crate) fn unknown(&self, steps: &[Step]) -> Vec<u32> {
        let known: BTreeSet<u32> = steps.iter().map(|step| step.n).collect();
        let named = self.left_out.iter().chain(&self.differing).flat_map(|row| &row.commands);
        named.copied().filter(|n| !known.contains(n)).collect()
    }
}

fn reason(rows: &[Row], n: u32, minor: u32) -> Option<&str> {
    let fits = |row: &&Row| row.commands.contains(&n) && (row.minors.is_empty() || row.minors.contains(&minor));
    rows.iter().find(fits).map(|row| row.reason.as_str())
}

/// The rows of the table below a heading: `| commands | kubectl | reason |`.
fn rows(text: &str, heading: &str) -> Vec<Row> {
    let below = text.split(heading).nth(1).unwrap();
    let section = below.split("\n#").next().unwrap();
    let table = section.lines().filter(|line| line.starts_with('|')).skip(2);
    table.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').splitn(3, '|').map(str::trim).collect();
    let [commands, clients, reason] = cells[..] else { panic!("not a row of three cells: {line}") };
    let minors = clients.split([',', ' ']).filter_map(|client| client.strip_prefix("1.")).map(|m| m.parse().unwrap());
    Row { commands: numbers(commands), minors: minors.collect(), reason: reason.to_owned() }
}

/// `3, 7-9` as numbers.
fn numbers(text: &str) -> BTreeSet<u32> {
    let ranges = text.split(',').map(str::trim).filter(|range| !range.is_empty());
    ranges
        .flat_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            first.parse::<u32>().unwrap()..=last.parse::<u32>().unwrap()
        })
        .collect()
}
