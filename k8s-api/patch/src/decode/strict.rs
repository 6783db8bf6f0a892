use k8s_api::field;

use super::Strictness;

/// Upstream keeps so many.
const MAX: usize = 100;

/// Unknown and repeated fields, each once.
pub(crate) struct Strict {
    found: Option<Vec<String>>,
}

impl Strict {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self { found: (strictness != Strictness::Ignore).then(Vec::new) }
    }

    pub(crate) fn unknown(&mut self, path: &str) {
        self.add(|| format!("unknown field {}", field::quote(path)));
    }

    pub(crate) fn duplicate(&mut self, path: &str) {
        self.add(|| format!("duplicate field {}", field::quote(path)));
    }

    /// Whether anybody wants to know.
    pub(crate) fn is_on(&self) -> bool {
        self.found.is_some()
    }

    pub(crate) fn add(&mut self, text: impl FnOnce() -> String) {
        let Some(found) = self.found.as_mut().filter(|found| found.len() < MAX) else { return };
        let text = text();
        if !found.contains(&text) {
            found.push(text);
        }
    }

    /// How many there are so far.
    pub(crate) fn len(&self) -> usize {
        self.found.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn into_found(self) -> Vec<String> {
        self.found.unwrap_or_default()
    }

    /// The message of a strict request that has such fields.
    pub(crate) fn message(found: &[String]) -> String {
        format!("strict decoding error: {}", found.join(", "))
    }
}
