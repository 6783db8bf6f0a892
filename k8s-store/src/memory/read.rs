use std::collections::BTreeMap;

use bytes::Bytes;

use super::state::State;
use crate::{Error, Event, KeyRange, KeyValue, Page, RangeOptions, Revision};

/// For each key that changed since a revision, what it was then.
type Then<'a> = BTreeMap<&'a Bytes, Option<&'a KeyValue>>;

impl State {
    /// Reads a range. `pending` is what a transaction in progress has changed already.
    pub(super) fn read(&self, range: &KeyRange, options: RangeOptions, pending: &[Event]) -> Result<Page, Error> {
        let mut reader = Reader { options, page: Page { revision: self.revision(), ..Page::default() } };
        if !pending.is_empty() {
            reader.page.revision = reader.page.revision.next();
        }
        match options.revision.filter(|revision| !revision.is_zero()) {
            None => self.read_latest(range, &mut reader),
            Some(revision) => {
                self.check_held(revision)?;
                let then = self.undo(range, revision, pending);
                if then.is_empty() {
                    self.read_latest(range, &mut reader);
                } else {
                    self.read_then(range, then, &mut reader);
                }
            }
        }
        Ok(reader.page)
    }

    fn read_latest(&self, range: &KeyRange, reader: &mut Reader) {
        if let Some(key) = range.as_one() {
            if let Some((key, slot)) = self.keys.get(key) {
                reader.take(|| slot.under(key));
            }
            return;
        }
        let mut slots = self.keys.range(range);
        while reader.has_room() {
            let Some((key, slot)) = slots.next() else { return };
            reader.take(|| slot.under(key));
        }
        reader.skip(slots.count());
    }

    fn read_then(&self, range: &KeyRange, then: Then<'_>, reader: &mut Reader) {
        let mut now = self.keys.range(range).peekable();
        for (key, version) in then {
            while let Some((key, slot)) = now.next_if(|(other, _)| *other < key) {
                reader.take(|| slot.under(key));
            }
            now.next_if(|(other, _)| *other == key);
            if let Some(version) = version {
                reader.take(|| version.clone());
            }
        }
        for (key, slot) in now {
            reader.take(|| slot.under(key));
        }
    }

    fn undo<'a>(&'a self, range: &KeyRange, revision: Revision, pending: &'a [Event]) -> Then<'a> {
        let mut then = Then::new();
        let logged = self.history.since(revision.next()).flat_map(|batch| batch.iter());
        for event in logged.chain(pending).filter(|event| range.contains(&event.kv.key)) {
            then.entry(&event.kv.key).or_insert(event.prev.as_ref());
        }
        then
    }
}

/// Fills a page from versions in the order of their keys.
struct Reader {
    options: RangeOptions,
    page: Page,
}

impl Reader {
    fn has_room(&self) -> bool {
        !self.options.count_only && (self.options.limit == 0 || self.page.items.len() < self.options.limit)
    }

    fn take(&mut self, version: impl FnOnce() -> KeyValue) {
        if !self.has_room() {
            return self.skip(1);
        }
        let mut kv = version();
        if self.options.keys_only {
            kv.value = Bytes::new();
        }
        self.page.items.push(kv);
        self.page.count += 1;
    }

    fn skip(&mut self, n: usize) {
        self.page.count += n as u64;
        self.page.more |= n > 0 && !self.options.count_only;
    }
}
