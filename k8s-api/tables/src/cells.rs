//! Reading an object's tree for its cells: what is absent reads as empty.

use jiff::Timestamp;
use k8s_api::selector::Selector;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;
use serde_json::Value;

use crate::human::since;

pub(crate) const NONE: &str = "<none>";
pub(crate) const UNSET: &str = "<unset>";
pub(crate) const UNKNOWN: &str = "<unknown>";

static NULL: Value = Value::Null;

/// A part of an object.
#[derive(Clone, Copy)]
pub(crate) struct View<'v>(pub(crate) &'v Value);

impl<'v> View<'v> {
    /// What is at a path of fields, `spec.template.spec`.
    pub(crate) fn at(self, path: &str) -> Self {
        let found = path.split('.').try_fold(self.0, |value, key| value.get(key));
        View(found.unwrap_or(&NULL))
    }

    pub(crate) fn is_there(self) -> bool {
        !self.0.is_null()
    }

    /// The text at a path; empty if none is there.
    pub(crate) fn text(self, path: &str) -> &'v str {
        self.at(path).0.as_str().unwrap_or_default()
    }

    /// The text at a path, or another if none is there.
    pub(crate) fn text_or(self, path: &str, other: &'v str) -> &'v str {
        self.at(path).0.as_str().unwrap_or(other)
    }

    /// The text at a path, or another if none is there or it is empty.
    pub(crate) fn filled_or(self, path: &str, other: &'v str) -> &'v str {
        Some(self.text(path)).filter(|text| !text.is_empty()).unwrap_or(other)
    }

    pub(crate) fn int(self, path: &str) -> i64 {
        self.at(path).0.as_i64().unwrap_or_default()
    }

    pub(crate) fn flag(self, path: &str) -> bool {
        self.at(path).0.as_bool().unwrap_or_default()
    }

    pub(crate) fn list(self, path: &str) -> impl ExactSizeIterator<Item = View<'v>> + DoubleEndedIterator + Clone {
        self.at(path).0.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(View)
    }

    pub(crate) fn texts(self, path: &str) -> Vec<&'v str> {
        self.list(path).filter_map(|item| item.0.as_str()).collect()
    }

    /// The entries of a map, sorted by key.
    pub(crate) fn entries(self, path: &str) -> Vec<(&'v str, View<'v>)> {
        let entries = self.at(path).0.as_object();
        let mut entries: Vec<_> =
            entries.into_iter().flatten().map(|(key, value)| (key.as_str(), View(value))).collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }

    /// A number or a text as it is printed; `None` if neither is there.
    pub(crate) fn scalar(self, path: &str) -> Option<String> {
        match self.at(path).0 {
            Value::String(text) => Some(text.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        }
    }

    pub(crate) fn time(self, path: &str) -> Option<Timestamp> {
        self.text(path).parse().ok()
    }

    pub(crate) fn ago(self, path: &str, now: Timestamp) -> String {
        since(self.time(path), now)
    }

    /// A map of labels: `a=b,c=d`.
    pub(crate) fn labels(self, path: &str) -> String {
        let entries = self.entries(path);
        if entries.is_empty() {
            return NONE.to_owned();
        }
        let pairs: Vec<String> =
            entries.iter().map(|(key, value)| format!("{key}={}", value.0.as_str().unwrap_or_default())).collect();
        pairs.join(",")
    }

    /// A selector as it stands in objects; `None` when it is none.
    pub(crate) fn selector(self, path: &str) -> Option<Selector> {
        let at = self.at(path).0;
        let object = (!at.is_null()).then(|| LabelSelector::deserialize(at)).transpose().ok()?;
        Selector::of(object.as_ref()).ok()
    }

    /// A selector as most tables print it.
    pub(crate) fn shown_selector(self, path: &str) -> String {
        match self.selector(path).map(|selector| selector.to_string()) {
            None => "<error>".to_owned(),
            Some(text) if text.is_empty() => NONE.to_owned(),
            Some(text) => text,
        }
    }

    /// The names and the images of containers, each with commas.
    pub(crate) fn containers(self, path: &str) -> [Value; 2] {
        let joined = |field: &str| {
            let texts: Vec<&str> = self.list(path).map(|container| container.text(field)).collect();
            Value::from(texts.join(","))
        };
        [joined("name"), joined("image")]
    }
}

/// The first three of so many, and how many more there are.
pub(crate) fn up_to_three(shown: &[String], total: usize) -> String {
    let head = shown.get(..3).unwrap_or(shown).join(",");
    if shown.len() > 3 || total > shown.len() {
        return format!("{head} + {} more...", total - 3);
    }
    if head.is_empty() { UNSET.to_owned() } else { head }
}
