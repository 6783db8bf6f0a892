use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::kubectl::Said;

/// A command of the story, and what it said to a real cluster.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) n: u32,
    pub(crate) argv: Vec<String>,
    exit: Value,
    stdout: String,
    stderr: String,
    note: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) stdin: Option<String>,
}

/// Commands that wait for what never happens wait less long here: the argument that says how long.
const SHORTENED: [(u32, &str, &str); 1] = [(43, "--timeout=20s", "--timeout=2s")];

pub(crate) fn read(path: &Path) -> Vec<Step> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Step {
    pub(crate) fn said(&self) -> Said {
        let exit = self.exit.as_str().map_or_else(|| self.exit.to_string(), str::to_owned);
        Said { exit, stdout: self.stdout.clone(), stderr: self.stderr.clone() }
    }

    pub(crate) fn arguments(&self) -> Vec<String> {
        let shortened = |argument: &String| {
            let found = SHORTENED.iter().find(|(n, long, _)| *n == self.n && argument == long);
            found.map_or_else(|| argument.clone(), |(_, _, short)| (*short).to_owned())
        };
        self.argv.iter().map(shortened).collect()
    }

    /// The editor that the recording's note describes.
    pub(crate) fn editor(&self, home: &Path) -> String {
        let note = self.note.as_deref().unwrap_or_default();
        if note.contains("breaks") {
            format!("sh {}", home.join("breaks").display())
        } else {
            let named = note.strip_prefix("EDITOR=").map(|editor| editor.split(':').next().unwrap_or_default());
            named.unwrap_or("true").trim_matches('\'').to_owned()
        }
    }
}
