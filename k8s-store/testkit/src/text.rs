//! Answers of a store as short text, so that a case reads as what it expects.

use k8s_store::{Event, EventKind, KeyValue, Page, WatchBatch};

/// `key=value`.
pub fn kv(kv: &KeyValue) -> String {
    format!("{}={}", String::from_utf8_lossy(&kv.key), String::from_utf8_lossy(&kv.value))
}

/// The items, separated by spaces; a `+` at the end if there are more.
pub fn page(page: &Page) -> String {
    let mut items: Vec<_> = page.items.iter().map(kv).collect();
    items.extend(page.more.then(|| "+".to_owned()));
    items.join(" ")
}

/// `key=value` for a put, `-key` for a deletion, with `(previous value)` if it is there.
pub fn event(event: &Event) -> String {
    let now = match event.kind {
        EventKind::Put => kv(&event.kv),
        EventKind::Delete => format!("-{}", String::from_utf8_lossy(&event.kv.key)),
    };
    match &event.prev {
        Some(prev) => format!("{now}({})", String::from_utf8_lossy(&prev.value)),
        None => now,
    }
}

/// The events, separated by spaces; `...` for a report of progress.
pub fn batch(batch: &WatchBatch) -> String {
    if batch.is_progress() {
        return "...".to_owned();
    }
    batch.events.iter().map(event).collect::<Vec<_>>().join(" ")
}
