//! Files of each version open, and become files of the newest.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use k8s_env::Random;
use k8s_store::{
    Delete, Error, KeyRange, LeaseId, Leases, Maintenance, Put, RangeOptions, Revision, Store, StoreExt, Txn,
    WatchOptions,
};
use k8s_store_durable::disk::{Disk, Faults, Simulated};
use k8s_store_durable::format::VERSION;
use k8s_store_durable::{Builder, Durable, tools};

fn builder() -> Builder {
    Durable::builder().on_runtime().random(Random::seeded(1)).segment_size(4096)
}

fn fixtures(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/v{version}"))
}

/// A disk with the files that a release of this version wrote.
fn fixture(version: u32) -> Simulated {
    let disk = Simulated::new(1);
    for file in fs::read_dir(fixtures(version)).unwrap().map(Result::unwrap) {
        let copy = disk.create(file.file_name().to_str().unwrap()).unwrap();
        copy.write_at(0, &fs::read(file.path()).unwrap()).unwrap();
    }
    disk.fork(2)
}

/// A store with everything that files can hold: a base with a past, a complete part of the log, and one that was closed.
async fn write_fixture(disk: &Simulated) {
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    let lease = store.grant(Duration::from_millis(90_500), LeaseId::new(0x77)).await.unwrap();
    store.grant(Duration::from_secs(5), LeaseId::new(0x78)).await.unwrap();
    for n in 0..12 {
        let padding = if n < 8 && n != 4 { "x".repeat(1500) } else { String::new() };
        store.put(format!("k/{}", n % 4).into(), format!("value {n}{padding}").into()).await.unwrap();
    }
    store.txn(Txn::always(Put::new("leased", "x").lease(lease.id)).then(Delete::one("k/3"))).await.unwrap();
    store.compact(Revision(6)).await.unwrap();
    store.defragment().await.unwrap();
    store.revoke(LeaseId::new(0x78).unwrap()).await.unwrap();
    store.put("k/0".into(), "after the base".into()).await.unwrap();
    store.close().await.unwrap();
}

/// What every version's fixture holds.
async fn check(disk: &Simulated) {
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    let status = store.status().await.unwrap();
    assert_eq!((status.revision, status.oldest), (Revision(15), Revision(6)));
    let page = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    let text: Vec<_> = page.items.iter().map(|kv| [&kv.key[..], b"=", &kv.value[..]].concat()).collect();
    assert_eq!(
        text.iter().map(|text| std::str::from_utf8(text).unwrap()).collect::<Vec<_>>(),
        ["k/0=after the base", "k/1=value 9", "k/2=value 10", "leased=x"]
    );
    assert_eq!((page.items[0].create_revision, page.items[0].version), (Revision(2), 4));
    let lease = store.time_to_live(LeaseId::new(0x77).unwrap()).await.unwrap();
    assert_eq!((lease.ttl, &lease.keys[..]), (Duration::from_millis(90_500), &["leased".into()][..]));
    assert_eq!(store.leases().await.unwrap().len(), 1);
    let mut watch = store.watch(KeyRange::all(), WatchOptions::since(Revision(6)).prev()).await.unwrap();
    for revision in 6..=15 {
        assert_eq!(watch.next().await.unwrap().unwrap().revision, Revision(revision));
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "writes the fixtures of a version, once"]
async fn make_fixtures() {
    let disk = Simulated::new(1);
    write_fixture(&disk).await;
    fs::create_dir_all(fixtures(VERSION)).unwrap();
    for (name, size) in disk.files() {
        let mut bytes = vec![0; size];
        disk.open(&name).unwrap().read_at(0, &mut bytes).unwrap();
        fs::write(fixtures(VERSION).join(name), bytes).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_each_version_wrote_opens() {
    for version in 1..=VERSION {
        assert_eq!(tools::verify(&fixture(version)).unwrap().version, version);
        check(&fixture(version)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_still_make_the_same_bytes() {
    let again = Simulated::new(1);
    write_fixture(&again).await;
    assert_eq!(again.files().len(), fs::read_dir(fixtures(VERSION)).unwrap().count());
    for (name, size) in again.files() {
        let mut bytes = vec![0; size];
        again.open(&name).unwrap().read_at(0, &mut bytes).unwrap();
        assert_eq!(fs::read(fixtures(VERSION).join(&name)).unwrap(), bytes, "{name}");
    }
}

fn without_the_newest_log(disk: &Simulated) -> Simulated {
    let less = disk.fork(3);
    let newest = less.files().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("log-")).max();
    less.remove(&newest.unwrap()).unwrap();
    less
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_makes_the_newest_version_of_each() {
    for version in 1..=VERSION {
        let disk = fixture(version);
        let before = tools::verify(&disk).unwrap();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        assert_eq!(tools::upgrade_on(&shared).unwrap(), version);
        let after = tools::verify(&disk).unwrap();
        assert_eq!(after.version, VERSION);
        assert_eq!((after.hash, after.frames, after.oldest), (before.hash, before.frames, before.oldest));
        assert_eq!(tools::upgrade_on(&shared).unwrap(), VERSION);
        // What the second version promises, it promises of a store that was of the first.
        assert!(matches!(tools::verify(&without_the_newest_log(&disk)), Err(Error::Corrupt { .. })));
        check(&disk).await;
    }
    assert!(tools::verify(&without_the_newest_log(&fixture(1))).is_ok(), "the first version did not notice");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_may_be_cut_off_anywhere() {
    let whole = tools::verify(&fixture(1)).unwrap();
    let mut cuts = 0;
    for crash_at in 1.. {
        let disk = fixture(1);
        disk.set_faults(Faults { crash_at, ..Faults::default() });
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let upgraded = tools::upgrade_on(&shared);
        disk.crash();
        let left = tools::verify(&disk).unwrap();
        assert_eq!((left.hash, left.frames), (whole.hash, whole.frames), "cut off at call {crash_at}");
        if upgraded.is_ok() {
            break;
        }
        cuts += 1;
        tools::upgrade_on(&shared).unwrap();
        assert_eq!(tools::verify(&disk).unwrap().version, VERSION);
    }
    assert!(cuts > 10, "{cuts}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_version_is_refused_as_that() {
    for (name, _) in fixture(VERSION).files() {
        let disk = fixture(VERSION);
        let header = {
            let mut header = [0; 64];
            disk.open(&name).unwrap().read_at(0, &mut header).unwrap();
            header[8] = 99;
            let sum = crc32(&header[..60]);
            header[60..].copy_from_slice(&sum.to_le_bytes());
            header
        };
        disk.open(&name).unwrap().write_at(0, &header).unwrap();
        let error = tools::verify(&disk).unwrap_err().to_string();
        assert!(error.contains(&name) && error.contains("has version 99, which this release does not know"), "{error}");
    }
}

/// As slow as it is short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}
