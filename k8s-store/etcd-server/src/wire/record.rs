use bytes::Bytes;
use k8s_store::{Event, EventKind, KeyRange, KeyValue, LeaseId};
use k8s_store_etcd_proto::mvccpb;

/// The keys that etcd means by a key and a range end: the end `\0` is no end.
pub(crate) fn key_range(key: Bytes, range_end: Bytes) -> KeyRange {
    match &range_end[..] {
        [] => KeyRange::one(key),
        [0] => KeyRange::from(key),
        _ => KeyRange::range(key, range_end),
    }
}

pub(crate) fn key_value(kv: KeyValue) -> mvccpb::KeyValue {
    mvccpb::KeyValue {
        key: kv.key,
        value: kv.value,
        create_revision: kv.create_revision.0 as i64,
        mod_revision: kv.mod_revision.0 as i64,
        version: kv.version as i64,
        lease: kv.lease.map_or(0, LeaseId::get),
    }
}

pub(crate) fn event(event: Event) -> mvccpb::Event {
    let kind = match event.kind {
        EventKind::Put => mvccpb::event::EventType::Put,
        EventKind::Delete => mvccpb::event::EventType::Delete,
    };
    mvccpb::Event { r#type: kind.into(), kv: Some(key_value(event.kv)), prev_kv: event.prev.map(key_value) }
}
