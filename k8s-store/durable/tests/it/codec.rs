//! Records and blocks come back as they went, and no bytes make a reader panic.

use std::time::Duration;

use bytes::Bytes;
use k8s_store::engine::Change;
use k8s_store::{Event, EventKind, KeyValue, LeaseId, Revision};
use k8s_store_durable::format::{
    BLOCK_HEADER, Block, BlockHeader, FRAME_HEADER, FrameHeader, LogHeader, Name, Record, Records, Salt,
    SnapshotHeader, Stored, block, frame_at, later_frame, write_block,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn bytes(least: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), least..300).prop_map(Bytes::from)
}

fn lease() -> impl Strategy<Value = LeaseId> {
    any::<i64>().prop_filter_map("zero is no lease", LeaseId::new)
}

fn ttl() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds))
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (bytes(1), bytes(0), option::of(lease())).prop_map(|(key, value, lease)| Change::Put { key, value, lease }),
        bytes(1).prop_map(|key| Change::Delete { key }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let txn = (any::<u64>(), vec(change(), 0..6));
    prop_oneof![
        txn.prop_map(|(revision, changes)| Record::Txn { revision: Revision(revision), changes }),
        any::<u64>().prop_map(|revision| Record::Compact(Revision(revision))),
        (lease(), ttl()).prop_map(|(id, ttl)| Record::Grant(id, ttl)),
        lease().prop_map(Record::EndLease),
        Just(Record::Closed),
        any::<u64>().prop_map(Record::GoesOn),
    ]
}

fn version() -> impl Strategy<Value = KeyValue> {
    (bytes(1), bytes(0), any::<[u64; 3]>(), option::of(lease())).prop_map(|(key, value, [a, b, version], lease)| {
        KeyValue { key, value, create_revision: Revision(a), mod_revision: Revision(b), version, lease }
    })
}

fn event() -> impl Strategy<Value = Event> {
    (version(), option::of(version()), any::<bool>()).prop_map(|(kv, prev, deletes)| {
        let kv = KeyValue { mod_revision: Revision(5), ..kv };
        if deletes {
            Event { kind: EventKind::Delete, kv: KeyValue::tombstone(kv.key, Revision(5)), prev }
        } else {
            Event { kind: EventKind::Put, kv, prev }
        }
    })
}

fn read_block(bytes: &[u8], index: u64) -> Option<Block> {
    let header = BlockHeader::parse(bytes).ok()?;
    let payload = bytes.get(BLOCK_HEADER..BLOCK_HEADER + header.len)?;
    block(1, index, Revision(5), header, payload).ok()
}

const SALT: Salt = Salt { store: 1, log: 2 };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_come_back(records in vec(record(), 0..8), number: u64, synced: u64, flip: prop::sample::Index) {
        let mut frame = vec![0; FRAME_HEADER];
        for record in &records {
            record.write(&mut frame);
        }
        FrameHeader { number, synced }.seal(SALT, &mut frame);
        let found = frame_at(SALT, &frame, 0).unwrap();
        prop_assert_eq!((found.header, found.size), (FrameHeader { number, synced }, frame.len()));
        let read: Result<Vec<_>, _> = Records::of(found.payload).collect();
        prop_assert_eq!(read.unwrap(), records);
        prop_assert!(frame_at(Salt { log: 3, ..SALT }, &frame, 0).is_err(), "another log's");
        let (size, at) = (FRAME_HEADER + found.payload.len(), flip.index(frame.len()));
        frame[at] ^= 1;
        // What pads a frame is nobody's business.
        prop_assert_eq!(frame_at(SALT, &frame, 0).is_err(), at < size);
        prop_assert!(frame_at(SALT, &frame[..size - 1], 0).is_err(), "cut");
    }

    #[test]
    fn blocks_come_back(
        keys in vec(version(), 0..6),
        events in vec(event(), 0..6),
        leases in vec((lease(), ttl()), 0..6),
        flip: prop::sample::Index,
    ) {
        let stored = [Stored::Keys(&keys), Stored::Batch(&events), Stored::Leases(&leases), Stored::End { keys: 7 }];
        let blocks = [Block::Keys(keys.clone()), Block::Batch(events.clone()), Block::Leases(leases.clone()),
            Block::End { keys: 7 }];
        for (index, (stored, expected)) in (0..).zip(stored.into_iter().zip(blocks)) {
            let mut bytes = Vec::new();
            write_block(&mut bytes, 1, index, stored);
            prop_assert_eq!(read_block(&bytes, index), Some(expected));
            prop_assert_eq!(read_block(&bytes, index + 1), None, "in another place");
            let at = flip.index(bytes.len());
            bytes[at] ^= 1;
            prop_assert_eq!(read_block(&bytes, index), None, "damaged");
        }
    }

    #[test]
    fn headers_come_back(store: u64, number: u64, more: u64, flip: prop::sample::Index) {
        let log = LogHeader { store, number, first_frame: more };
        let mut bytes = log.to_bytes();
        prop_assert_eq!(LogHeader::parse(&bytes), Ok(log));
        bytes[flip.index(64)] ^= 1;
        prop_assert!(LogHeader::parse(&bytes).is_err());
        let snapshot = SnapshotHeader { store, revision: Revision(number), first_log: more, keys: store };
        prop_assert_eq!(SnapshotHeader::parse(&snapshot.to_bytes()), Ok(snapshot));
        for name in [Name::Base(Revision(number)), Name::Log(number), Name::Spare(more)] {
            prop_assert_eq!(Name::parse(&name.to_string()), Some(name));
            prop_assert_eq!(Name::parse(&name.unfinished()), None);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..400), name: String) {
        let _records = Records::of(&bytes).count();
        let _frame = frame_at(SALT, &bytes, 0);
        let _later = later_frame(SALT, &bytes, 0, 0);
        let _block = read_block(&bytes, 0);
        let _log = LogHeader::parse(&bytes);
        let _snapshot = SnapshotHeader::parse(&bytes);
        let _name = Name::parse(&name);
    }
}
