use std::collections::BTreeMap;

use bytes::Bytes;

use super::state::State;
use crate::{Error, Event, KeyRange, KeyValue, Page, RangeOptions, Revision};

/// For each key that changed since a revision, what it was then.
type Then<'a> = BTreeMap<&'a Bytes, Option<&'a KeyValue>>;

impl State {
    /// Reads a range as it is published.
    pub(super) fn read_published(&self, range: &KeyRange, options: RangeOptions) -> Result<Page, Error> {
        let asked = options.revision.filter(|revision| !revision.is_zero());
        let revision = asked.unwrap_or(self.published());
        self.check_held(revision, self.published())?;
        let page = Page { revision: self.published(), ..Page::default() };
        Ok(self.read_as_of(range, revision, &[], Reader { options, page }))
    }

    /// Reads a range within a transaction, with what is staged and `pending`, its own changes.
    pub(super) fn read(&self, range: &KeyRange, options: RangeOptions, pending: &[Event]) -> Result<Page, Error> {
        let latest = self.revision();
        let page = Page { revision: if pending.is_empty() { latest } else { latest.next() }, ..Page::default() };
        let mut reader = Reader { options, page };
        match options.revision.filter(|revision| !revision.is_zero()) {
            None => {
                self.read_latest(range, &mut reader);
                Ok(reader.page)
            }
            Some(revision) => {
                self.check_held(revision, latest)?;
                Ok(self.read_as_of(range, revision, pending, reader))
            }
        }
    }

    /// Up to `limit` keys after `after` as they are published.
    pub(super) fn page(&self, after: Option<&[u8]>, limit: usize) -> Vec<KeyValue> {
        let all = KeyRange::all();
        let range = after.map_or_else(|| all.clone(), |key| all.after(key));
        let options = RangeOptions::latest().limit(limit);
        let mut reader = Reader { options, page: Page::default() };
        if self.published() == self.revision() {
            let slots = self.keys.range(&range).take(limit);
            slots.for_each(|(key, slot)| reader.take(|| slot.under(key)));
            return reader.page.items;
        }
        let then = self.undo(&range, self.published(), &[]);
        self.read_then(&range, then, &mut reader, Rest::Ignored);
        reader.page.items
    }

    fn read_as_of(&self, range: &KeyRange, revision: Revision, pending: &[Event], mut reader: Reader) -> Page {
        if revision == self.revision() && pending.is_empty() {
            self.read_latest(range, &mut reader);
        } else if let Some(key) = range.as_one() {
            self.read_one_then(key, revision, pending, &mut reader);
        } else {
            let then = self.undo(range, revision, pending);
            if then.is_empty() {
                self.read_latest(range, &mut reader);
            } else {
                self.read_then(range, then, &mut reader, Rest::Counted);
            }
        }
        reader.page
    }

    fn read_latest(&self, range: &KeyRange, reader: &mut Reader) {
        if let Some(key) = range.as_one() {
            if let Some((key, slot)) = self.keys.get(key) {
                reader.take(|| slot.under(key));
            }
            return;
        }
        let slots = self.keys.range(range);
        let all = slots.len();
        let wanted = reader.room().min(all);
        reader.page.items.reserve_exact(wanted);
        slots.take(wanted).for_each(|(key, slot)| reader.take(|| slot.under(key)));
        reader.skip(all - wanted);
    }

    /// Most keys have not changed since: those cost no search of the history.
    fn read_one_then(&self, key: &[u8], revision: Revision, pending: &[Event], reader: &mut Reader) {
        if let Some((key, slot)) = self.keys.get(key)
            && slot.mod_revision <= revision
        {
            return reader.take(|| slot.under(key));
        }
        let later = self.history.since(revision.next()).flat_map(|batch| batch.iter()).chain(pending);
        let next_change = later.into_iter().find(|event| event.kv.key == key);
        if let Some(version) = next_change.and_then(|event| event.prev.as_ref()) {
            reader.take(|| version.clone());
        }
    }

    fn read_then(&self, range: &KeyRange, then: Then<'_>, reader: &mut Reader, rest: Rest) {
        let mut now = self.keys.range(range).peekable();
        let is_done = |reader: &Reader| rest == Rest::Ignored && !reader.has_room();
        for (key, version) in then {
            // Asked for each key: the next one that changed may be a million keys ahead.
            while !is_done(reader)
                && let Some((key, slot)) = now.next_if(|(other, _)| *other < key)
            {
                reader.take(|| slot.under(key));
            }
            if is_done(reader) {
                return;
            }
            now.next_if(|(other, _)| *other == key);
            if let Some(version) = version {
                reader.take(|| version.clone());
            }
        }
        while reader.has_room() {
            let Some((key, slot)) = now.next() else { return };
            reader.take(|| slot.under(key));
        }
        if rest == Rest::Counted {
            reader.skip(now.count());
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

/// What to do with keys that do not fit into the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Counted,
    Ignored,
}

/// Fills a page from versions in the order of their keys.
struct Reader {
    options: RangeOptions,
    page: Page,
}

impl Reader {
    /// How many more keys the page takes.
    fn room(&self) -> usize {
        match self.options {
            RangeOptions { count_only: true, .. } => 0,
            RangeOptions { limit: 0, .. } => usize::MAX,
            RangeOptions { limit, .. } => limit - self.page.items.len(),
        }
    }

    fn has_room(&self) -> bool {
        self.room() > 0
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
