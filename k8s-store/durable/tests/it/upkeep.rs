//! Space comes back, and snapshots are of one moment.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use k8s_env::Random;
use k8s_store::{
    Delete, Error, KeyRange, LeaseId, Leases, Maintenance, Put, RangeOptions, Revision, Store, StoreExt, Txn,
    WatchOptions,
};
use k8s_store_durable::disk::{Directory, Simulated};
use k8s_store_durable::{Builder, Durable, tools};

use crate::scratch::scratch;

fn builder() -> Builder {
    Durable::builder().on_runtime().random(Random::seeded(1)).segment_size(4096)
}

#[tokio::test(start_paused = true)]
async fn the_log_stays_short_when_history_is_forgotten() {
    let disk = Simulated::new(1);
    let store = builder().history(20).open_on(Arc::new(disk.clone())).await.unwrap();
    let mut largest = 0;
    for n in 0..2_000_u32 {
        store.put(format!("k/{}", n % 10).into(), vec![n as u8; 500].into()).await.unwrap();
        largest = largest.max(store.status().await.unwrap().size);
    }
    // Ten keys, twenty events of history, two files to gain, two spare and one in use.
    assert!(largest < 60_000, "{largest}");
    let size: usize = disk.files().iter().map(|(_, size)| size).sum();
    assert!(size < 60_000, "{:?}", disk.files());
    drop(store);
    disk.crash();
    let store = builder().open_on(Arc::new(disk)).await.unwrap();
    assert_eq!(store.status().await.unwrap().revision, Revision(2001));
}

#[tokio::test]
async fn defragmenting_gives_space_back_while_others_write() {
    let directory = scratch();
    let store = Arc::new(Durable::builder().segment_size(1 << 20).open(&directory).await.unwrap());
    for n in 0..300_u32 {
        let txn = (0..20).fold(Txn::default(), |txn, k| txn.then(Put::new(format!("k/{k}"), vec![n as u8; 500])));
        store.txn(txn).await.unwrap();
    }
    let before = store.status().await.unwrap();
    store.compact(before.revision).await.unwrap();
    let (defragmented, written) = tokio::join!(store.defragment(), async {
        for n in 0..100 {
            store.put("other".into(), n.to_string().into()).await.unwrap();
        }
    });
    defragmented.unwrap();
    let () = written;
    let after = store.status().await.unwrap();
    assert!(before.size > 3 << 20 && after.size < 3 << 20, "{before:?} {after:?}");
    let on_disk: u64 = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(on_disk, after.size);
    let hash = store.hash(None).await.unwrap();
    drop(store);
    let report = tools::verify(&Directory::existing(&directory).unwrap()).unwrap();
    assert_eq!((report.hash, report.keys, report.oldest), (hash.hash, 21, before.revision));
}

/// Writes at random by seed, forgets all of the past or some or none, and ends properly or not. Says whether it did.
async fn used(directory: &Path, seed: u64) -> bool {
    let random = Random::seeded(seed);
    let store = Durable::builder().segment_size(1 << 20).open(directory).await.unwrap();
    for n in 0..=random.below(30) {
        let key = format!("k/{}", random.below(10));
        if random.below(6) == 0 {
            store.txn(Txn::always(Delete::one(key))).await.unwrap();
        } else {
            let longest = [10, 3_000, 300_000][random.below(3) as usize];
            store.put(key.into(), vec![n as u8; random.below(longest) as usize].into()).await.unwrap();
        }
        if random.below(20) == 0 {
            store.defragment().await.unwrap();
        }
    }
    let last = store.status().await.unwrap().revision;
    let kept = [0, random.below(last.0), last.0][random.below(3) as usize];
    let _already = store.compact(Revision(last.0 - kept)).await;
    let closes = random.below(4) > 0;
    if closes {
        store.close().await.unwrap();
    }
    closes
}

#[tokio::test]
async fn defragmenting_takes_no_room_by_seed() {
    let (mut shrunk, mut equal) = (0, 0);
    for seed in 1..=60 {
        let directory = scratch();
        let was_closed = used(&directory, seed).await;
        let size =
            || fs::read_dir(&directory).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>();
        let report = || tools::verify(&Directory::existing(&directory).unwrap()).unwrap();
        let (before, hash) = (size(), report().hash);
        let run = || {
            let directory = directory.clone();
            tokio::task::spawn_blocking(move || tools::defragment(&directory))
        };
        run().await.unwrap().unwrap();
        // Closing takes a frame.
        let (after, most) = (size(), if was_closed { before } else { before + 40 });
        assert!(after <= most, "seed {seed}: {before} before, {after} after: {:?}", report());
        assert_eq!((report().hash, report().size), (hash, after), "seed {seed}");
        run().await.unwrap().unwrap();
        assert!(size() <= after, "seed {seed}: {after} before, {} after", size());
        if after < before {
            shrunk += 1;
        } else {
            equal += 1;
        }
        fs::remove_dir_all(&directory).unwrap();
    }
    println!("60 stores defragmented and compared, all equal: {shrunk} take less room, {equal} as much");
    assert!(shrunk > 20);
}

#[tokio::test]
async fn a_small_store_without_a_past_shrinks_to_what_it_holds() {
    let directory = scratch();
    let store = Durable::open(&directory).await.unwrap();
    for n in 0..100 {
        store.put(format!("k/{}", n % 10).into(), vec![n; 100].into()).await.unwrap();
    }
    store.compact(Revision(101)).await.unwrap();
    let before = store.status().await.unwrap().size;
    store.defragment().await.unwrap();
    let after = store.status().await.unwrap().size;
    assert!(before > 1 << 20 && after < 3_000, "{before} before, {after} after");
    store.close().await.unwrap();
    assert_eq!(tools::verify(&Directory::existing(&directory).unwrap()).unwrap().size, after);
}

#[tokio::test]
async fn a_snapshot_is_restored_as_it_was() {
    let (directory, other) = (scratch(), scratch());
    let file = directory.with_extension("snapshot");
    let store = Durable::open(&directory).await.unwrap();
    for n in 0..500 {
        store.put(format!("k/{n}").into(), vec![b'x'; 3000].into()).await.unwrap();
    }
    let lease = store.grant(Duration::from_secs(60), LeaseId::new(7)).await.unwrap();
    store.txn(Txn::always(Put::new("leased", "x").lease(lease.id))).await.unwrap();
    store.txn(Txn::always(Delete::one("k/7"))).await.unwrap();
    let before = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    let (revision, ()) = tokio::join!(store.snapshot_to(&file), async {
        for n in 0..50 {
            store.put(format!("k/{n}").into(), "later".into()).await.unwrap();
        }
    });
    let revision = revision.unwrap();
    let then = store.range(KeyRange::all(), RangeOptions::at(revision)).await.unwrap();
    assert!(revision >= before.revision);
    assert_eq!(tools::verify_snapshot(&file).unwrap().revision, revision);
    assert_eq!(tools::restore(&file, &other).unwrap(), revision);
    assert!(matches!(tools::restore(&file, &other), Err(Error::Invalid { .. })));

    let restored = Durable::open(&other).await.unwrap();
    let page = restored.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    assert_eq!((page.items, page.revision), (then.items, revision));
    assert_eq!(restored.time_to_live(lease.id).await.unwrap().keys, ["leased"]);
    let mut watch = restored.watch(KeyRange::all(), WatchOptions::since(revision)).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().revision, revision);
    assert_eq!(restored.put("new".into(), "1".into()).await.unwrap(), revision.next());
    fs::remove_file(file).unwrap();
}

type Change<'a> = &'a dyn Fn(&mut Vec<u8>);

/// A snapshot as `etcdctl snapshot save` leaves it is one, too; with anything else behind it, it is none.
#[tokio::test]
async fn what_follows_a_snapshot_is_nothing_or_a_seal() {
    let scratch = scratch();
    fs::create_dir(&scratch).unwrap();
    let store = Durable::open(scratch.join("store")).await.unwrap();
    let plain = scratch.join("plain");
    for n in 0..200 {
        // Of all lengths, so that the seal comes at any distance.
        store.put("k".into(), vec![b'x'; n * 7].into()).await.unwrap();
        if n % 10 > 0 {
            continue;
        }
        let revision = store.snapshot_to(&plain).await.unwrap();
        let snapshot = fs::read(&plain).unwrap();
        let mut sealed = snapshot.clone();
        sealed.resize((snapshot.len() + 8).next_multiple_of(512) - 8, 0);
        sealed.extend_from_slice(&(snapshot.len() as u64).to_le_bytes());
        sealed.extend_from_slice(&[b'#'; 32]);
        let (file, to) = (scratch.join("file"), scratch.join(n.to_string()));
        let write = |change: Change<'_>| {
            let mut bytes = sealed.clone();
            change(&mut bytes);
            fs::write(&file, bytes).unwrap();
        };
        let changes: [Change<'_>; 5] = [
            &|bytes| bytes.truncate(snapshot.len() + 1),
            &|bytes| bytes.truncate(bytes.len() - 1),
            &|bytes| bytes.push(0),
            &|bytes| *bytes.iter_mut().nth_back(39).unwrap() ^= 1,
            &|bytes| bytes.extend_from_slice(&[0; 512]),
        ];
        for change in changes {
            write(change);
            let error = tools::restore(&file, &to).unwrap_err();
            assert!(matches!(&error, Error::Corrupt { place } if place.contains("what follows its end")), "{error}");
        }
        write(&|_| {});
        assert_eq!(tools::verify_snapshot(&file).unwrap().revision, revision);
        assert_eq!(tools::restore(&file, &to).unwrap(), revision);
        let base = fs::read_dir(&to)
            .unwrap()
            .map(|file| file.unwrap().path())
            .find(|path| path.to_str().unwrap().contains("base-"));
        assert_eq!(fs::read(base.unwrap()).unwrap(), snapshot);
    }
}
