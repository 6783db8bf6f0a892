use k8s_store::{Error, Event, Revision, WatchBatch};

use super::replay::Replay;
use super::{History, Violation, Watched};
use crate::text;

/// How far a watch has come.
struct Reader<'a> {
    watched: &'a Watched,
    history: &'a History,
    replay: &'a Replay,
    start: Revision,
    /// Everything at or below this was told, if anything was to be.
    covered: Revision,
    last_event: Revision,
    promised: Revision,
    last_keys: Vec<&'a [u8]>,
    violations: Vec<Violation>,
}

/// Ordered, unique, atomic, gapless, resumable, bookmarkable, and true to what happened.
pub(super) fn check<'a>(watched: &'a Watched, history: &'a History, replay: &'a Replay) -> Vec<Violation> {
    let Some(opened_at) = watched.opened_at else { return Vec::new() };
    let start = watched.options.start.filter(|start| !start.is_zero()).unwrap_or(opened_at.next());
    let mut reader = Reader {
        watched,
        history,
        replay,
        start,
        covered: start.previous(),
        last_event: Revision::ZERO,
        promised: Revision::ZERO,
        last_keys: Vec::new(),
        violations: Vec::new(),
    };
    let mut ended = false;
    for (_, told) in &watched.told {
        if ended {
            reader.violations.push(Violation::WatchAfterEnd);
            break;
        }
        match told {
            Ok(batch) if batch.is_progress() => reader.progress(batch.revision),
            Ok(batch) => reader.events(batch),
            Err(error) => {
                reader.violations.extend(wrong_end(error));
                ended = true;
            }
        }
    }
    reader.violations
}

fn wrong_end(error: &Error) -> Option<Violation> {
    matches!(error, Error::Invalid { .. } | Error::NotFound { .. } | Error::Uncertain { .. })
        .then(|| Violation::WrongRefusal { error: error.to_string() })
}

impl<'a> Reader<'a> {
    fn events(&mut self, batch: &'a WatchBatch) {
        let found = batch.revision;
        if found < self.start {
            self.violations.push(Violation::WatchBeforeStart { start: self.start, found });
        }
        if found <= self.promised {
            self.violations.push(Violation::ProgressBroken { promised: self.promised, found });
        }
        let keys: Vec<&[u8]> = batch.events.iter().map(|event| &event.kv.key[..]).collect();
        if found < self.last_event {
            return self.violations.push(Violation::WatchWentBack { after: self.last_event, found });
        }
        if found == self.last_event {
            let again = keys.iter().any(|key| self.last_keys.contains(key));
            self.last_keys.extend(keys);
            let revision = found;
            let violation =
                if again { Violation::WatchRepeated { revision } } else { Violation::WatchTore { revision } };
            return self.violations.push(violation);
        }
        self.nothing_was_left_out(found.previous(), found);
        self.is_true(batch);
        self.last_event = found;
        self.covered = self.covered.max(found);
        self.last_keys = keys;
    }

    fn progress(&mut self, found: Revision) {
        let after = self.last_event.max(self.promised);
        if found < after {
            return self.violations.push(Violation::ProgressWentBack { after, found });
        }
        self.nothing_was_left_out(found, found);
        self.covered = self.covered.max(found);
        self.promised = found;
        if self.replay.complete && found > self.replay.model.revision() {
            self.violations.push(Violation::FromTheFuture { found });
        }
    }

    /// Up to `last`, as far as it is known what happened.
    fn nothing_was_left_out(&mut self, last: Revision, before: Revision) {
        let last = last.min(self.replay.model.revision());
        let mut revision = self.covered.max(self.replay.model.first());
        while revision < last {
            revision = revision.next();
            if !self.expected(revision).is_empty() {
                self.violations.push(Violation::WatchLost { revision, before });
            }
        }
    }

    fn is_true(&mut self, batch: &WatchBatch) {
        let revision = batch.revision;
        if !self.replay.model.knows(revision) {
            return;
        }
        let expected = self.expected(revision);
        let compacted = |expected: &Event, found: &Event| {
            self.history.prev_may_be_compacted
                && found.prev.is_none()
                && Event { prev: None, ..expected.clone() } == *found
        };
        let same = expected.len() == batch.events.len()
            && expected.iter().zip(&batch.events).all(|(e, f)| e == f || compacted(e, f));
        if same {
            return;
        }
        let is_part = batch.events.iter().all(|event| expected.contains(event));
        self.violations.push(if is_part && batch.events.len() < expected.len() {
            Violation::WatchTore { revision }
        } else {
            Violation::WatchWrong { revision, expected: text::events(&expected), found: text::events(&batch.events) }
        });
    }

    fn expected(&self, revision: Revision) -> Vec<Event> {
        let options = &self.watched.options;
        let mut events = self.replay.model.events(revision, &self.watched.range);
        events.retain(|event| options.filter.passes(event.kind));
        if !options.prev {
            for event in &mut events {
                event.prev = None;
            }
        }
        events
    }
}
