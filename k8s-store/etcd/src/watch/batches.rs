use std::collections::VecDeque;

use k8s_store::{Event, Revision, WatchBatch};
use k8s_store_etcd_proto::mvccpb;

use crate::wire;

/// Makes whole transactions of what etcd sends: several in one message, or one in several.
#[derive(Debug, Default)]
pub(super) struct Batches {
    ready: VecDeque<WatchBatch>,
    /// Of a message of which more is to come.
    partial: Vec<mvccpb::Event>,
}

impl Batches {
    pub(super) fn pop(&mut self) -> Option<WatchBatch> {
        self.ready.pop_front()
    }

    /// Adds the events of a message that come after `received`; returns the last revision that is complete now.
    pub(super) fn add(&mut self, events: Vec<mvccpb::Event>, more: bool, received: Revision) -> Revision {
        if self.partial.is_empty() && !more {
            return self.complete(events, received);
        }
        self.partial.extend(events);
        if more {
            return received;
        }
        let events = std::mem::take(&mut self.partial);
        self.complete(events, received)
    }

    /// Forgets what is not complete: it comes again, whole.
    pub(super) fn cut(&mut self) {
        self.partial.clear();
    }

    fn complete(&mut self, events: Vec<mvccpb::Event>, received: Revision) -> Revision {
        let mut last = received;
        let mut batch: Vec<Event> = Vec::new();
        // Nothing that was delivered comes twice, whatever the member at the other end remembers.
        for event in events.into_iter().map(wire::event).filter(|event| event.kv.mod_revision > received) {
            let revision = event.kv.mod_revision;
            if revision != last && !batch.is_empty() {
                self.ready.push_back(WatchBatch { revision: last, events: std::mem::take(&mut batch) });
            }
            last = revision;
            batch.push(event);
        }
        if !batch.is_empty() {
            self.ready.push_back(WatchBatch { revision: last, events: batch });
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use k8s_store::Revision;
    use k8s_store_etcd_proto::mvccpb;

    use super::Batches;

    fn events(revisions: &[i64]) -> Vec<mvccpb::Event> {
        let kv = |mod_revision| mvccpb::KeyValue { mod_revision, ..mvccpb::KeyValue::default() };
        revisions.iter().map(|revision| mvccpb::Event { kv: Some(kv(*revision)), ..mvccpb::Event::default() }).collect()
    }

    fn sizes(batches: &mut Batches) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| batches.pop()).map(|batch| (batch.revision.0, batch.events.len())).collect()
    }

    #[test]
    fn a_message_holds_several_transactions() {
        let mut batches = Batches::default();
        assert_eq!(batches.add(events(&[3, 3, 4, 6]), false, Revision(2)), Revision(6));
        assert_eq!(sizes(&mut batches), [(3, 2), (4, 1), (6, 1)]);
    }

    #[test]
    fn a_transaction_comes_in_several_messages() {
        let mut batches = Batches::default();
        assert_eq!(batches.add(events(&[3, 4]), true, Revision(2)), Revision(2));
        assert_eq!(batches.add(events(&[4]), true, Revision(2)), Revision(2));
        assert_eq!(sizes(&mut batches), []);
        assert_eq!(batches.add(events(&[4]), false, Revision(2)), Revision(4));
        assert_eq!(sizes(&mut batches), [(3, 1), (4, 3)]);
    }

    #[test]
    fn what_was_cut_comes_again_and_what_was_received_does_not() {
        let mut batches = Batches::default();
        batches.add(events(&[3]), true, Revision(2));
        batches.cut();
        assert_eq!(batches.add(events(&[2, 3, 3]), false, Revision(2)), Revision(3));
        assert_eq!(sizes(&mut batches), [(3, 2)]);
    }
}
