use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ObjectReference;

use super::Draft;

/// After so long without another occurrence a series is over. Upstream: `finishTime`.
const FINISH: SignedDuration = SignedDuration::from_mins(6);

/// So many are remembered; then the rest counts as new.
const REMEMBERED: usize = 4096;

/// Events that were written lately, to count further ones of the same kind.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<Key, Written>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([String; 10], &'static str);

/// An event that was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) draft: Draft,
    pub(super) name: String,
    /// How often it happened, and when last, once it happened again.
    pub(super) series: Option<(i32, Timestamp)>,
}

/// What to write after an occurrence.
pub(super) enum Todo {
    Create(Written),
    Update(Written),
    Nothing,
}

impl Memory {
    pub(super) fn observe(&mut self, draft: Draft, new_name: impl FnOnce(&Draft) -> String) -> Todo {
        let key = Key::of(&draft);
        let now = draft.at;
        if let Some(known) = self.0.get_mut(&key)
            && !known.is_over(now)
        {
            return match &mut known.series {
                Some((count, last)) => {
                    (*count, *last) = (count.saturating_add(1), now);
                    Todo::Nothing
                }
                series => {
                    *series = Some((2, now));
                    Todo::Update(known.clone())
                }
            };
        }
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, known| known.series.is_some() || !known.is_over(now));
        }
        let name = new_name(&draft);
        let written = Written { draft, name, series: None };
        if self.0.len() < REMEMBERED {
            self.0.insert(key, written.clone());
        }
        Todo::Create(written)
    }

    pub(super) fn has_series(&self) -> bool {
        self.0.values().any(|known| known.series.is_some())
    }

    /// The series that are over, to be written a last time, and forgets them.
    pub(super) fn finished(&mut self, now: Timestamp) -> Vec<Written> {
        let over: Vec<_> = self.0.iter().filter(|(_, known)| known.is_over(now)).map(|(key, _)| key.clone()).collect();
        over.iter().filter_map(|key| self.0.remove(key)).filter(|known| known.series.is_some()).collect()
    }

    /// The series that go on.
    pub(super) fn running(&self) -> Vec<Written> {
        self.0.values().filter(|known| known.series.is_some()).cloned().collect()
    }
}

impl Written {
    fn is_over(&self, now: Timestamp) -> bool {
        let last = self.series.map_or(self.draft.at, |(_, last)| last);
        now.duration_since(last) > FINISH
    }
}

impl Key {
    fn of(draft: &Draft) -> Self {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let related = draft.related.as_ref();
        let related = |of: fn(&ObjectReference) -> &Option<String>| related.map(|r| part(of(r))).unwrap_or_default();
        let regarding = &draft.regarding;
        Self(
            [
                draft.kind.as_str().to_owned(),
                draft.action.clone(),
                draft.source.component.to_string(),
                draft.source.host.to_string(),
                [part(&regarding.api_version), part(&regarding.kind)].join(" "),
                [part(&regarding.namespace), part(&regarding.name)].join(" "),
                part(&regarding.uid),
                // Upstream compares whole references: an object that has changed starts another event.
                part(&regarding.resource_version),
                part(&regarding.field_path),
                [related(|r| &r.kind), related(|r| &r.namespace), related(|r| &r.name), related(|r| &r.uid)].join(" "),
            ],
            draft.reason,
        )
    }
}
