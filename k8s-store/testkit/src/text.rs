//! Answers of a store as short text, so that a case reads as what it expects.

use k8s_store::{Event, EventKind, KeyValue, OpResult, Page, TxnOutcome, WatchBatch};

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
    events(&batch.events)
}

/// The events, separated by spaces.
pub fn events(events: &[Event]) -> String {
    events.iter().map(event).collect::<Vec<_>>().join(" ")
}

/// `then` or `else` and what each operation did: `put`, `-3` for three deletions, `[...]` for a range, `{...}` for a
/// transaction inside.
pub fn outcome(outcome: &TxnOutcome) -> String {
    let result = |result: &OpResult| match result {
        OpResult::Put { prev: None } => "put".to_owned(),
        OpResult::Put { prev: Some(prev) } => format!("put({})", kv(prev)),
        OpResult::Delete { deleted, prev } => {
            format!("-{deleted}({})", prev.iter().map(kv).collect::<Vec<_>>().join(" "))
        }
        OpResult::Range(found) => format!("[{}]", page(found)),
        OpResult::Txn(inner) => format!("{{{}}}", self::outcome(inner)),
    };
    let branch = if outcome.succeeded { "then" } else { "else" };
    let results: Vec<_> = outcome.results.iter().map(result).collect();
    format!("{branch} {} at {}", results.join(" "), outcome.revision)
}
