use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Draft;
use super::recent::Recent;

/// From so many different messages of one reason on, they are written as one event.
const MAX_MESSAGES: usize = 10;

/// After so long without another, counting begins anew.
const MAX_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

/// Groups events that differ in their message only.
///
/// Upstream: `record.EventAggregator`.
#[derive(Debug)]
pub(super) struct Aggregator(Recent<Group>);

#[derive(Debug, Default)]
struct Group {
    messages: BTreeSet<String>,
    last: Option<Timestamp>,
}

impl Aggregator {
    pub(super) fn new(capacity: usize) -> Self {
        Self(Recent::new(capacity))
    }

    /// The key under which `draft` is counted. When that is its group, its message is changed to say so.
    pub(super) fn aggregate(&mut self, draft: &mut Draft) -> String {
        let mut key = object_key(draft);
        key.push_str(draft.reason);
        let group = self.0.entry(key.clone());
        if group.last.is_some_and(|last| draft.at.duration_since(last) > MAX_INTERVAL) {
            group.messages.clear();
        }
        group.last = Some(draft.at);
        group.messages.insert(draft.message.clone());
        if group.messages.len() < MAX_MESSAGES {
            key.push_str(draft.regarding.field_path.as_deref().unwrap_or_default());
            key.push_str(&draft.message);
            return key;
        }
        group.messages.pop_first();
        draft.message.insert_str(0, "(combined from similar events): ");
        key
    }
}

/// The parts by which events of one source about one object are alike.
pub(super) fn object_key(draft: &Draft) -> String {
    let object = &draft.regarding;
    let part = |part: &Option<String>| part.as_deref().unwrap_or_default().to_owned();
    [
        draft.source.component.to_string(),
        draft.source.host.to_string(),
        part(&object.kind),
        part(&object.namespace),
        part(&object.name),
        part(&object.uid),
        part(&object.api_version),
        draft.kind.as_str().to_owned(),
        String::new(),
    ]
    .join("\n")
}
