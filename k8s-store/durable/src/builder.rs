use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use k8s_env::{Random, Tasks};
use k8s_store::Error;
use k8s_store::engine::Limits;
use parking_lot::Mutex;

use crate::Durable;
use crate::disk::{Directory, Disk};
use crate::failure::refused;
use crate::keeper::Keeper;
use crate::queue::Queue;
use crate::recover;
use crate::store::Shared;
use crate::writer::Writer;

/// What an answer to a change means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The change survives whatever happens to process, system and power.
    #[default]
    Synced,
    /// The change survives the end of the process, `kill -9` included, but perhaps not the end of the system: a power
    /// failure may take back the last changes, in reverse order and whole. For tests and for what can be made again.
    Written,
}

/// Sets how a [`Durable`] works.
#[derive(Clone, Debug)]
pub struct Builder {
    limits: Limits,
    segment_size: u64,
    durability: Durability,
    random: Option<Random>,
    on_runtime: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            limits: Limits { events: 100_000, bytes: 256 << 20 },
            segment_size: 64 << 20,
            durability: Durability::Synced,
            random: None,
            on_runtime: false,
        }
    }
}

impl Builder {
    /// Keeps at most `events` events of the past, in memory and on the disk; 100,000 unless told. At least the last
    /// transaction is kept.
    pub fn history(mut self, events: usize) -> Self {
        self.limits.events = events;
        self
    }

    /// Keeps events of the past with at most `bytes` bytes of keys and values, old and new; 256 MiB unless told.
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Makes files of the log about `bytes` long; 64 MiB unless told. The log is cut by whole files.
    pub fn segment_size(mut self, bytes: u64) -> Self {
        self.segment_size = bytes.max(4096);
        self
    }

    /// What an answer means; [`Durability::Synced`] unless told.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Draws the name of a new store from `random` instead of the system's entropy.
    pub fn random(mut self, random: Random) -> Self {
        self.random = Some(random);
        self
    }

    /// Works in tasks of the current tokio runtime instead of threads of its own: for simulated time and disks that
    /// do not block, such as [`disk::Simulated`](crate::disk::Simulated). Order and outcome are then the same for the
    /// same calls.
    pub fn on_runtime(mut self) -> Self {
        self.on_runtime = true;
        self
    }

    /// Opens the store in the directory `path`, or makes one there.
    ///
    /// # Errors
    /// Those of [`Durable::open`].
    pub async fn open(self, path: impl AsRef<Path>) -> Result<Durable, Error> {
        let directory = Directory::create(path.as_ref()).map_err(refused)?;
        self.open_on(Arc::new(directory)).await
    }

    /// Opens the store on `disk`, or makes one there.
    ///
    /// # Errors
    /// Those of [`Durable::open`].
    pub async fn open_on(self, disk: Arc<dyn Disk>) -> Result<Durable, Error> {
        let claim = disk.lock().map_err(refused)?;
        if recover::is_empty(&*disk)? || recover::is_half_made(&*disk)? {
            let random = self.random.clone().unwrap_or_else(Random::from_entropy);
            recover::make(&disk, random.next_u64())?;
        }
        let recovered = recover::read(&*disk, self.limits)?;
        recover::clean(&*disk, &recovered)?;
        let store = recovered.store;
        let (engine, log) = recovered.open_log(&disk, self.segment_size)?;
        let has_leases = !engine.leases()?.0.is_empty();
        let shared = Arc::new(Shared {
            engine: Arc::new(engine),
            queue: Queue::new(),
            keeper: Keeper::new(self.segment_size),
            disk,
            store,
            segments: Arc::clone(&log.segments),
            claim: Mutex::new(Some(claim)),
            dropped: AtomicBool::new(false),
        });
        let writer = Writer::new(Arc::clone(&shared), log, self.durability == Durability::Synced);
        let durable = Durable {
            shared: Arc::clone(&shared),
            has_lease_task: AtomicBool::new(false),
            threads: Mutex::default(),
            tasks: Tasks::new(),
        };
        if self.on_runtime {
            durable.tasks.spawn(writer.run_as_task());
            durable.tasks.spawn(Keeper::run_as_task(shared));
        } else {
            let mut threads = durable.threads.lock();
            threads.push(start("store-writer", move || writer.run())?);
            threads.push(start("store-keeper", move || Keeper::run(shared))?);
        }
        if has_leases {
            durable.end_leases_when_due();
        }
        Ok(durable)
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, Error> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(refused)
}
