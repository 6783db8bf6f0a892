use std::fmt::{Debug, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use k8s_store::{KeyRange, Memory, RangeOptions, Revision, Store, StoreExt, WatchOptions};
use k8s_store_observed::Traced;
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down every span with its fields, as they come.
#[derive(Clone, Default)]
struct Listener {
    spans: Arc<Mutex<Vec<String>>>,
    ids: Arc<AtomicU64>,
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "k8s_store"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut text = attributes.metadata().name().to_owned();
        attributes.record(&mut Fields(&mut text));
        self.spans.lock().push(text);
        Id::from_u64(self.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.spans.lock();
        values.record(&mut Fields(&mut spans[id.into_u64() as usize - 1]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn each_call_is_a_span_with_what_was_asked_and_answered_and_no_value() {
    let listener = Listener::default();
    let spans = Arc::clone(&listener.spans);
    tracing::subscriber::with_default(listener, || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let store = Traced::new(Memory::new());
            let mut watch = store.watch(KeyRange::prefix("a/"), WatchOptions::from_now()).await.unwrap();
            store.put("a/1".into(), "secret".into()).await.unwrap();
            store.range(KeyRange::prefix("a/"), RangeOptions::latest().limit(5)).await.unwrap();
            store.range(KeyRange::one("a/1"), RangeOptions::at(Revision(9))).await.unwrap_err();
            watch.next().await.unwrap().unwrap();
            store.status().await.unwrap();
        });
    });
    let spans = spans.lock();
    assert_eq!(
        *spans,
        [
            "watch range=[a/, a0) revision=1 batches=1",
            "txn compares=0 then=1 otherwise=0 revision=2 succeeded=true",
            "range range=[a/, a0) limit=5 revision=2 items=1 count=1",
            "range range=a/1 asked=9 limit=0 error=\"future\"",
            "status revision=2",
        ]
    );
}
