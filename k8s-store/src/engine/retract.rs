use super::state::{Slot, State};
use crate::{Event, EventKind, KeyValue};

impl State {
    /// Takes back what is staged and not published, the last first.
    pub(super) fn retract(&mut self) {
        self.leases.retract();
        while self.revision() > self.published() {
            let Some(batch) = self.history.pop_last() else { return };
            batch.iter().rev().for_each(|event| self.undo_event(event));
        }
    }

    fn undo_event(&mut self, event: &Event) {
        let key = &event.kv.key;
        if event.kind == EventKind::Put {
            self.bytes -= key.len() + event.kv.value.len();
        }
        match &event.prev {
            None => drop(self.keys.remove(key)),
            Some(prev) => {
                self.bytes += key.len() + prev.value.len();
                let _later = self.keys.put(key.clone(), |_| Slot::of(prev));
            }
        }
        let before = event.prev.as_ref().and_then(|prev| prev.lease);
        self.tie(key, event.kv.lease, before);
    }
}

impl Slot {
    pub(super) fn of(kv: &KeyValue) -> Self {
        Self {
            value: kv.value.clone(),
            create_revision: kv.create_revision,
            mod_revision: kv.mod_revision,
            version: kv.version,
            lease: kv.lease,
        }
    }
}
