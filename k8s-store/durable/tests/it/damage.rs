//! Files that something else has changed: said with the place, or harmless; never a panic, never silently wrong.

use std::sync::Arc;

use k8s_env::Random;
use k8s_store::{Delete, Error, KeyRange, KeyValue, Maintenance, RangeOptions, Revision, Store, StoreExt, Txn};
use k8s_store_durable::disk::Simulated;
use k8s_store_durable::format::Name;
use k8s_store_durable::{Builder, Durable, tools};

const TRIALS: u64 = 3_000;

fn builder() -> Builder {
    Durable::builder().on_runtime().random(Random::seeded(1)).segment_size(4096)
}

/// A store with a base and several parts of a log, and its contents at each revision.
async fn filled(disk: &Simulated) -> Vec<Vec<KeyValue>> {
    let store = builder().open_on(Arc::new(disk.clone())).await.unwrap();
    let mut states = vec![Vec::new(); 2];
    for n in 0..80_u32 {
        let key = format!("k/{}", n * 7 % 31);
        if n % 9 == 8 {
            store.txn(Txn::always(Delete::one(key))).await.unwrap();
        } else {
            store.put(key.into(), vec![n as u8; (n * 13 % 400) as usize].into()).await.unwrap();
        }
        states.resize(store.status().await.unwrap().revision.0 as usize, Vec::new());
        states.push(store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap().items);
        if n == 40 {
            store.compact(Revision(30)).await.unwrap();
            store.defragment().await.unwrap();
        }
    }
    store.close().await.unwrap();
    states
}

#[tokio::test(start_paused = true)]
async fn damage_is_found_by_seed() {
    let good = Simulated::new(1);
    let states = filled(&good).await;
    let whole = tools::verify(&good.fork(0)).unwrap();
    let last_log =
        good.files().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("log-")).max().unwrap();
    let (mut found, mut harmless, mut shorter) = (0, 0, 0);
    for seed in 1..=TRIALS {
        let (disk, random) = (good.fork(seed), Random::seeded(seed));
        let files = disk.files();
        let (name, size) = &files[random.below(files.len() as u64) as usize];
        let at = random.below(*size as u64) as usize;
        let cuts = random.below(5) == 0;
        if cuts {
            disk.cut(name, at);
        } else {
            for n in 0..=random.below(3) as usize {
                let bit = random.below(8);
                disk.damage(name, (at + n) % size, |byte| byte ^ (1 << bit));
            }
        }
        let verified = tools::verify(&disk);
        match builder().open_on(Arc::new(disk.clone())).await {
            Ok(store) => {
                let page = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
                assert_eq!(page.items, states[page.revision.0 as usize], "seed {seed}: {name} at {at}");
                assert_eq!(verified.unwrap().revision, page.revision);
                if page.revision == whole.revision {
                    harmless += 1;
                } else {
                    assert!(cuts && *name == last_log, "seed {seed}: {name} at {at} is not noticed");
                    shorter += 1;
                }
            }
            Err(Error::Corrupt { place }) => {
                assert!(place.contains(name.as_str()), "seed {seed}: {name} at {at}, but: {place}");
                assert!(matches!(verified, Err(Error::Corrupt { .. })));
                found += 1;
            }
            Err(error) => panic!("seed {seed}: {name} at {at}: {error}"),
        }
    }
    println!("{TRIALS} damaged stores compared: {found} said where, {harmless} equal, {shorter} cut at the very end");
    assert!(found > TRIALS / 4);
}

#[tokio::test(start_paused = true)]
async fn missing_files_are_missed() {
    let good = Simulated::new(1);
    filled(&good).await;
    for (name, _) in good.files() {
        let disk = good.fork(1);
        k8s_store_durable::disk::Disk::remove(&disk, &name).unwrap();
        let is_spare = matches!(Name::parse(&name), Some(Name::Spare(_)) | None);
        let is_log = name.starts_with("log-");
        assert_eq!(tools::verify(&disk).is_ok(), is_spare, "{name}");
        let opened = builder().open_on(Arc::new(disk)).await;
        match opened {
            Err(Error::Corrupt { place }) => {
                assert!(!is_spare && (!is_log || place.contains(&name)), "{name}: {place}");
            }
            Ok(_) => assert!(is_spare, "{name} is not missed"),
            Err(error) => panic!("{error}"),
        }
    }
}
