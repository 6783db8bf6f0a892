//! One store through several lives, and what must be left of it after each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_env::{Random, Tasks};
use k8s_store::{
    Delete, Error, Event, EventKind, KeyRange, KeyValue, LeaseId, Leases, Maintenance, Op, Put, RangeOptions, Revision,
    Store, Txn, WatchOptions,
};
use k8s_store_durable::disk::{Disk, Faults, Simulated};
use k8s_store_durable::{Durability, Durable, tools};
use parking_lot::Mutex;
use tokio::sync::mpsc;

const WRITERS: u64 = 3;

/// What trials have seen, added up.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) crashes: u64,
    pub(crate) kills: u64,
    pub(crate) kept: u64,
    pub(crate) in_flight: u64,
    pub(crate) refused: u64,
    pub(crate) uncertain: u64,
    pub(crate) compactions: u64,
    /// How often the loss of the newest file of the log was noticed by what the one before it says.
    pub(crate) missed: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
}

impl Told {
    pub(crate) fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.kills += other.kills;
        self.kept += other.kept;
        self.in_flight += other.in_flight;
        self.refused += other.refused;
        self.uncertain += other.uncertain;
        self.compactions += other.compactions;
        self.missed += other.missed;
        for (kind, n) in &other.faults {
            *self.faults.entry(kind).or_default() += n;
        }
    }
}

/// What one transaction would do. Each writes its own number to one key that all write, so that it can be told from
/// all others wherever it turns up.
#[derive(Clone, Debug)]
struct Intent {
    id: u64,
    puts: Vec<(Bytes, Bytes, Option<LeaseId>)>,
    deletes: Vec<Bytes>,
}

/// Who made a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Intent(u64),
    EndOf(LeaseId),
}

/// How an intent ended, as far as its writer knows.
#[derive(Clone, Debug)]
enum End {
    Done(Revision),
    Refused,
    Open,
}

/// All that is known of one store, from all its lives.
#[derive(Debug, Default)]
struct Known {
    intents: BTreeMap<u64, (Intent, End)>,
    /// Acknowledged, seen by a watch, or found after a crash.
    made: BTreeMap<Revision, Maker>,
    granted: BTreeSet<LeaseId>,
    /// Leases whose end was asked for, and those whose end was acknowledged.
    ending: BTreeSet<LeaseId>,
    ended: BTreeSet<LeaseId>,
    refused_leases: BTreeSet<LeaseId>,
    compacted: Revision,
    /// The latest revision that anybody was told of, and the one up to which a watch has told of all.
    seen: Revision,
    watched: Revision,
    next: u64,
}

type State = BTreeMap<Bytes, KeyValue>;

pub(crate) struct Trial {
    random: Random,
    disk: Simulated,
    known: Arc<Mutex<Known>>,
    /// The contents at each revision, as the known intents make them.
    states: BTreeMap<Revision, State>,
    /// The last intent of the lives before.
    counted: u64,
    durability: Durability,
    told: Told,
}

impl Trial {
    pub(crate) fn new(seed: u64, durability: Durability) -> Self {
        let states = BTreeMap::from([(Revision::FIRST, State::new())]);
        let random = Random::seeded(seed);
        let disk = Simulated::new(random.next_u64());
        Self { random, disk, known: Arc::default(), states, counted: 0, durability, told: Told::default() }
    }

    pub(crate) async fn run(mut self) -> Told {
        for _ in 0..=self.random.below(3) {
            self.live().await;
            self.check().await;
        }
        self.told
    }

    async fn open(&self) -> Result<Durable, Error> {
        let builder =
            Durable::builder().on_runtime().random(self.random.fork()).segment_size(4096).durability(self.durability);
        builder.open_on(Arc::new(self.disk.clone())).await
    }

    /// Opens the store, works with it until it is enough or the disk gives up, and ends it one way or another.
    async fn live(&mut self) {
        let faults = self.draw_faults();
        self.disk.set_faults(faults);
        match self.open().await {
            Ok(store) => {
                self.work(Arc::new(store)).await;
            }
            Err(error) => assert!(faults != Faults::default(), "opening failed on a good disk: {error}"),
        }
        let is_power_lost = self.disk.has_crashed() || self.random.below(3) > 0;
        if is_power_lost {
            self.told.crashes += 1;
            self.disk.crash();
        } else {
            self.told.kills += 1;
            self.disk.kill();
        }
        self.disk.set_faults(Faults::default());
    }

    fn draw_faults(&mut self) -> Faults {
        let random = &self.random;
        let used: usize = self.disk.files().iter().map(|(_, size)| size).sum();
        let none = Faults::default();
        let (name, faults) = match random.below(8) {
            0..4 => ("power", Faults { crash_at: self.disk.calls() + 1 + random.below(80), ..none }),
            4 => ("full", Faults { capacity: Some(used as u64 + random.below(12_000)), ..none }),
            5 => ("syncs", Faults { failing_syncs: 5 + random.below(30), ..none }),
            6 => ("writes", Faults { failing_writes: 2 + random.below(20), failing_names: random.below(40), ..none }),
            _ => ("none", none),
        };
        *self.told.faults.entry(name).or_default() += 1;
        faults
    }

    async fn work(&mut self, store: Arc<Durable>) {
        let tasks = Tasks::new();
        let watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await;
        let (done, mut all_done) = mpsc::channel::<()>(1);
        for _ in 0..WRITERS {
            let (store, known) = (Arc::clone(&store), Arc::clone(&self.known));
            let (random, done) = (self.random.fork(), done.clone());
            tasks.spawn(async move {
                for _ in 0..4 + random.below(14) {
                    step(&store, &known, &random).await;
                    if random.below(3) == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                drop(done);
            });
        }
        drop(done);
        if let Ok(mut watch) = watch {
            let known = Arc::clone(&self.known);
            tasks.spawn(async move {
                while let Some(Ok(batch)) = watch.next().await {
                    let mut known = known.lock();
                    known.note(batch.revision, maker(&batch.events));
                    known.watched = batch.revision;
                }
            });
        }
        while all_done.recv().await.is_some() {}
        if self.random.below(4) == 0 {
            let _closed = store.close().await;
        }
        tasks.stop().await;
    }

    /// If the newest file of the log were lost as a whole, it would be said, or nothing that was told would be lost.
    fn check_without_the_newest(&mut self) {
        let disk = self.disk.fork(1);
        let newest = disk.files().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("log-")).max();
        let Some(newest) = newest else { return };
        disk.remove(&newest).unwrap();
        let known = self.known.lock();
        let told = known.made.last_key_value().map_or(Revision::FIRST, |(revision, _)| *revision).max(known.seen);
        match tools::verify(&disk) {
            Ok(report) => assert!(report.revision >= told, "{told} is lost with {newest}, and nothing said"),
            // Of the first part the base knows; of every other, the one before it.
            Err(Error::Corrupt { place }) if place.contains(&newest) => {
                self.told.missed += u64::from(place.contains("goes on in"));
            }
            // It was being made, and had no base yet.
            Err(Error::Invalid { .. }) if told == Revision::FIRST => {}
            Err(error) => panic!("without {newest}: {error}"),
        }
    }

    /// Opens the store again and compares.
    async fn check(&mut self) {
        self.check_without_the_newest();
        let store = self.open().await.unwrap_or_else(|error| panic!("does not open: {error}"));
        let status = store.status().await.unwrap();
        let known = std::mem::take(&mut *self.known.lock());
        let Known { mut intents, mut made, compacted, seen, .. } = known;
        let last_known = made.last_key_value().map_or(Revision::FIRST, |(revision, _)| *revision);
        assert!(status.revision >= last_known.max(seen), "{} is lost, the store is at {}", last_known, status.revision);
        assert!(status.oldest >= compacted, "compaction at {compacted} is lost");

        // What the store remembers, transaction by transaction.
        let mut watch = store.watch(KeyRange::all(), WatchOptions::since(status.oldest).prev()).await.unwrap();
        watch.request_progress();
        loop {
            let batch = watch.next().await.unwrap().unwrap();
            if batch.is_progress() {
                break;
            }
            let maker = maker(&batch.events);
            match made.insert(batch.revision, maker) {
                Some(before) => assert_eq!(before, maker, "revision {} is another", batch.revision),
                None => self.told.in_flight += 1,
            }
            if let Maker::Intent(id) = maker {
                let (intent, end) = intents.get_mut(&id).expect("a phantom");
                intent.compare(&batch.events);
                match end {
                    End::Refused => panic!("what was refused is there: {id}"),
                    End::Done(at) => assert_eq!(*at, batch.revision),
                    End::Open => *end = End::Done(batch.revision),
                }
            }
        }
        self.extend(&intents, &made, status.revision);

        // The contents, now and then.
        let page = store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
        let expected = |revision| self.states[&revision].values().cloned().collect::<Vec<_>>();
        assert_eq!(page.items, expected(status.revision));
        for _ in 0..3 {
            let at = Revision(status.oldest.0 + self.random.below(status.revision.0 - status.oldest.0 + 1));
            let page = store.range(KeyRange::all(), RangeOptions::at(at)).await.unwrap();
            assert_eq!(page.items, expected(at), "at {at}");
        }
        let leases: BTreeSet<_> = store.leases().await.unwrap().into_iter().collect();
        for lease in &leases {
            assert!(!known.ended.contains(lease), "lease {lease} is back");
            assert!(!known.refused_leases.contains(lease), "lease {lease} was refused");
        }
        for lease in known.granted.difference(&known.ending) {
            assert!(leases.contains(lease), "lease {lease} is lost");
        }

        let counted = std::mem::replace(&mut self.counted, known.next);
        let ends = |of: fn(&End) -> bool| intents.range(counted + 1..).filter(|(_, (_, end))| of(end)).count() as u64;
        self.told.kept += ends(|end| matches!(end, End::Done(_)));
        self.told.refused += ends(|end| matches!(end, End::Refused));
        self.told.uncertain += ends(|end| matches!(end, End::Open));
        self.told.compactions += u64::from(status.oldest > Revision::FIRST);
        // What is still open can come no more: it is not in the log that was read.
        for (_, end) in intents.values_mut() {
            if matches!(end, End::Open) {
                *end = End::Refused;
            }
        }
        let live: BTreeSet<_> = known.granted.intersection(&leases).copied().collect();
        let ended = known.ended.iter().chain(known.granted.difference(&leases)).copied().collect();
        let mut again = self.known.lock();
        *again = Known { intents, made, granted: live, ended, compacted: status.oldest, seen, ..Known::default() };
        again.next = known.next;
        again.refused_leases = known.refused_leases;
        drop(again);
        drop(store);
        self.disk.kill();
    }

    /// Makes the states up to `last` from what is known.
    fn extend(&mut self, intents: &BTreeMap<u64, (Intent, End)>, made: &BTreeMap<Revision, Maker>, last: Revision) {
        let (from, state) = self.states.last_key_value().unwrap();
        let (mut at, mut state) = (*from, state.clone());
        while at < last {
            at = at.next();
            match made.get(&at).unwrap_or_else(|| panic!("nobody made revision {at}")) {
                Maker::EndOf(lease) => state.retain(|_, kv| kv.lease != Some(*lease)),
                Maker::Intent(id) => intents[id].0.apply(&mut state, at),
            }
            self.states.insert(at, state.clone());
        }
    }
}

impl Known {
    fn note(&mut self, revision: Revision, maker: Maker) {
        self.seen = self.seen.max(revision);
        if let Some(before) = self.made.insert(revision, maker) {
            assert_eq!(before, maker, "revision {revision} is of two");
        }
    }
}

impl Intent {
    fn draw(id: u64, random: &Random, lease: Option<LeaseId>) -> Self {
        let mut intent = Self { id, puts: vec![(Bytes::from("n"), id.to_string().into(), None)], deletes: Vec::new() };
        for n in 0..random.below(3) {
            let key = Bytes::from(format!("k/{}", n * 5 + random.below(5)));
            if random.below(4) == 0 {
                intent.deletes.push(key);
            } else {
                let size = if random.below(20) == 0 { 6000 } else { random.below(300) };
                intent.puts.push((key, vec![b'a' + (id % 26) as u8; size as usize].into(), None));
            }
        }
        if let Some(lease) = lease {
            let key = format!("l/{}/{}", lease.get(), random.below(2));
            intent.puts.push((key.into(), id.to_string().into(), Some(lease)));
        }
        intent
    }

    fn txn(&self) -> Txn {
        let puts = self.puts.iter().map(|(key, value, lease)| {
            let put = Put::new(key.clone(), value.clone());
            Op::from(lease.map_or(put.clone(), |lease| put.lease(lease)))
        });
        let deletes = self.deletes.iter().map(|key| Op::from(Delete::one(key.clone())));
        Txn { then: puts.chain(deletes).collect(), ..Txn::default() }
    }

    /// Fails unless `events` are what this does.
    fn compare(&self, events: &[Event]) {
        let mut puts = self.puts.iter();
        for event in events {
            match event.kind {
                EventKind::Put => {
                    let (key, value, lease) = puts.next().expect("a put more");
                    assert_eq!((key, value, *lease), (&event.kv.key, &event.kv.value, event.kv.lease));
                }
                EventKind::Delete => assert!(self.deletes.contains(&event.kv.key)),
            }
        }
        assert!(puts.next().is_none(), "a put less");
    }

    fn apply(&self, state: &mut State, at: Revision) {
        for (key, value, lease) in &self.puts {
            let before = state.get(key);
            let kv = KeyValue {
                key: key.clone(),
                value: value.clone(),
                create_revision: before.map_or(at, |before| before.create_revision),
                mod_revision: at,
                version: before.map_or(1, |before| before.version + 1),
                lease: *lease,
            };
            state.insert(key.clone(), kv);
        }
        for key in &self.deletes {
            state.remove(key);
        }
    }
}

fn maker(events: &[Event]) -> Maker {
    let first = &events[0].kv;
    if first.key == "n" {
        return Maker::Intent(std::str::from_utf8(&first.value).unwrap().parse().unwrap());
    }
    let lease = |event: &Event| {
        let key = std::str::from_utf8(&event.kv.key).unwrap().to_owned();
        assert!(event.kind == EventKind::Delete, "nobody does that");
        key.split('/').nth(1).unwrap().parse::<i64>().unwrap()
    };
    assert!(events.iter().all(|event| lease(event) == lease(&events[0])), "leases end one by one");
    Maker::EndOf(LeaseId::new(lease(&events[0])).unwrap())
}

/// Whether an error says that nothing was changed.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::NoSpace | Error::Unavailable { .. } | Error::LeaseNotFound { .. } | Error::LeaseExists { .. } => true,
        Error::Compacted { .. } | Error::Future { .. } | Error::Invalid { .. } => true,
        Error::Uncertain { .. } | Error::Closed => false,
        other => panic!("what is this: {other}"),
    }
}

/// One thing that one user does.
async fn step(store: &Durable, known: &Mutex<Known>, random: &Random) {
    match random.below(24) {
        0 => grant(store, known, random).await,
        1 => revoke(store, known, random).await,
        2 => {
            let at = known.lock().watched;
            if at > Revision::FIRST && store.compact(at).await.is_ok() {
                let mut known = known.lock();
                known.compacted = known.compacted.max(at);
            }
        }
        3 if random.below(3) == 0 => drop(store.defragment().await),
        4 => {
            let page = store.range(KeyRange::one("n"), RangeOptions::latest()).await;
            if let Ok(kv) = page.map(|page| page.items.into_iter().next())
                && let Some(kv) = kv
            {
                let id = std::str::from_utf8(&kv.value).unwrap().parse().unwrap();
                known.lock().note(kv.mod_revision, Maker::Intent(id));
            }
        }
        _ => write(store, known, random).await,
    }
}

async fn write(store: &Durable, known: &Mutex<Known>, random: &Random) {
    let intent = {
        let mut known = known.lock();
        known.next += 1;
        let live: Vec<_> = known.granted.difference(&known.ending).copied().collect();
        let lease = (!live.is_empty() && random.below(4) == 0).then(|| live[random.below(live.len() as u64) as usize]);
        let intent = Intent::draw(known.next, random, lease);
        known.intents.insert(intent.id, (intent.clone(), End::Open));
        intent
    };
    let end = match store.txn(intent.txn()).await {
        Ok(outcome) => {
            known.lock().note(outcome.revision, Maker::Intent(intent.id));
            End::Done(outcome.revision)
        }
        Err(error) if is_refusal(&error) => End::Refused,
        Err(_) => End::Open,
    };
    known.lock().intents.insert(intent.id, (intent, end));
}

async fn grant(store: &Durable, known: &Mutex<Known>, random: &Random) {
    let id = LeaseId::new(1 + random.below(1 << 40) as i64).unwrap();
    match store.grant(Duration::from_secs(3600), Some(id)).await {
        Ok(lease) => drop(known.lock().granted.insert(lease.id)),
        Err(error) if is_refusal(&error) => drop(known.lock().refused_leases.insert(id)),
        Err(_) => {}
    }
}

async fn revoke(store: &Durable, known: &Mutex<Known>, random: &Random) {
    let id = {
        let mut known = known.lock();
        let live: Vec<_> = known.granted.difference(&known.ending).copied().collect();
        if live.is_empty() {
            return;
        }
        let id = live[random.below(live.len() as u64) as usize];
        known.ending.insert(id);
        id
    };
    match store.revoke(id).await {
        Ok(revision) => {
            let mut known = known.lock();
            known.ended.insert(id);
            known.seen = known.seen.max(revision);
        }
        Err(error) if is_refusal(&error) => drop(known.lock().ending.remove(&id)),
        Err(_) => {}
    }
}
