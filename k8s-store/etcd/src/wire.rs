//! Between the store's requests and answers and etcd's messages.

mod outcome;
mod request;

use bytes::Bytes;
use k8s_store::{Event, EventKind, KeyRange, KeyValue, LeaseId, Page, RangeOptions, Revision};
use k8s_store_etcd_proto::etcdserverpb::{RangeRequest, RangeResponse, ResponseHeader};
use k8s_store_etcd_proto::mvccpb;

pub(crate) use outcome::outcome;
pub(crate) use request::txn;

/// Before every key, since none is empty.
const SMALLEST: Bytes = Bytes::from_static(&[0]);

/// A key and a range end as etcd has them.
pub(crate) fn ends(range: &KeyRange) -> (Bytes, Bytes) {
    // No key is empty; and of the ways to ask etcd for nothing this is one.
    const NOTHING: Bytes = Bytes::from_static(&[1]);
    if let Some(key) = range.as_one() {
        return if key.is_empty() { (NOTHING, NOTHING) } else { (key.clone(), Bytes::new()) };
    }
    if range.is_empty() {
        return (NOTHING, NOTHING);
    }
    let start = if range.start().is_empty() { SMALLEST } else { range.start().clone() };
    match range.end() {
        // The two ends that etcd reads otherwise hold no key, or none but the first.
        Some(end) if end[..] == [0] => (NOTHING, NOTHING),
        Some(end) => (start, end.clone()),
        None => (start, SMALLEST),
    }
}

/// A key that whoever may read the range may read.
pub(crate) fn any_key(range: &KeyRange) -> Bytes {
    if range.start().is_empty() { SMALLEST } else { range.start().clone() }
}

pub(crate) fn range_request(range: &KeyRange, options: RangeOptions) -> RangeRequest {
    let (key, range_end) = ends(range);
    RangeRequest {
        key,
        range_end,
        limit: i64::try_from(options.limit).unwrap_or(i64::MAX),
        revision: options.revision.map_or(0, |revision| revision.0 as i64),
        keys_only: options.keys_only,
        count_only: options.count_only,
        ..RangeRequest::default()
    }
}

pub(crate) fn page(answer: RangeResponse) -> Page {
    Page {
        items: answer.kvs.into_iter().map(key_value).collect(),
        revision: revision(answer.header),
        more: answer.more,
        count: answer.count as u64,
    }
}

pub(crate) fn revision(header: Option<ResponseHeader>) -> Revision {
    Revision(header.map_or(0, |header| header.revision) as u64)
}

pub(crate) fn key_value(kv: mvccpb::KeyValue) -> KeyValue {
    KeyValue {
        key: kv.key,
        value: kv.value,
        create_revision: Revision(kv.create_revision as u64),
        mod_revision: Revision(kv.mod_revision as u64),
        version: kv.version as u64,
        lease: LeaseId::new(kv.lease),
    }
}

pub(crate) fn event(event: mvccpb::Event) -> Event {
    let is_put = event.r#type() == mvccpb::event::EventType::Put;
    let kv = key_value(event.kv.unwrap_or_default());
    Event {
        kind: if is_put { EventKind::Put } else { EventKind::Delete },
        kv: if is_put { kv } else { KeyValue::tombstone(kv.key, kv.mod_revision) },
        prev: event.prev_kv.map(key_value),
    }
}
