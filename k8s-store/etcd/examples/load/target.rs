use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, TryStreamExt};
use k8s_env::Tasks;
use k8s_store::{Error, KeyRange, RangeOptions, Store, StoreExt, WatchOptions};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::servers::processor_time;
use crate::{Arguments, CONNECTIONS, Result};

/// Who write while events are counted.
const WRITERS: usize = 16;

/// So many in a second, and how long one took in the middle and for the slowest hundredth.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) rate: f64,
    pub(crate) middle: Duration,
    pub(crate) slow: Duration,
    /// How much of the processor one took, in the server and here: who is the limit.
    pub(crate) cost: (Duration, Duration),
}

/// The processor time of the server and of this program.
#[derive(Clone, Copy)]
struct Costs {
    server: Option<u32>,
    began: (Duration, Duration),
}

impl Costs {
    fn begin(server: Option<u32>) -> Result<Self> {
        Ok(Self { server, began: Self::now(server)? })
    }

    fn now(server: Option<u32>) -> Result<(Duration, Duration)> {
        Ok((processor_time(server)?, processor_time(Some(std::process::id()))?))
    }

    /// Since the beginning, for each of `calls`.
    fn of_each(self, calls: usize) -> Result<(Duration, Duration)> {
        let (server, client) = Self::now(self.server)?;
        let each = |now: Duration, began: Duration| {
            now.saturating_sub(began) / u32::try_from(calls.max(1)).unwrap_or(u32::MAX)
        };
        Ok((each(server, self.began.0), each(client, self.began.1)))
    }
}

/// A store under load.
struct Target {
    /// The connections to it.
    stores: Vec<Arc<dyn Store>>,
    /// The server's, if it has one.
    process: Option<u32>,
    time: Duration,
    only: String,
    figures: Vec<Figure>,
}

impl Target {
    fn is_wanted(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// Runs `call` over and over, in so many tasks over all connections.
    async fn measure<F, C>(&mut self, name: &str, tasks: usize, call: C) -> Result<()>
    where
        F: Future<Output = std::result::Result<(), Error>> + Send,
        C: Fn(Arc<dyn Store>, usize, usize) -> F + Clone + Send + Sync + 'static,
    {
        if !self.is_wanted(name) {
            return Ok(());
        }
        let (set, time) = (Tasks::new(), self.time);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let costs = Costs::begin(self.process)?;
        let began = Instant::now();
        for task in 0..tasks {
            let (store, call, sender) = (Arc::clone(&self.stores[task % CONNECTIONS]), call.clone(), sender.clone());
            set.spawn(async move {
                let mut took = Vec::new();
                let mut end = Ok(());
                for n in 0.. {
                    let start = Instant::now();
                    if start - began >= time {
                        break;
                    }
                    end = call(Arc::clone(&store), task, n).await;
                    if end.is_err() {
                        break;
                    }
                    took.push(start.elapsed());
                }
                let _ = sender.send(end.map(|()| took));
            });
        }
        drop(sender);
        let mut all = Vec::new();
        while let Some(took) = receiver.recv().await {
            all.extend(took?);
        }
        let rate = all.len() as f64 / began.elapsed().as_secs_f64();
        let cost = costs.of_each(all.len())?;
        all.sort_unstable();
        let at = |part: usize| all.get(all.len() * part / 100).copied().unwrap_or_default();
        self.figures.push(Figure { name: name.to_owned(), rate, middle: at(50), slow: at(99), cost });
        Ok(())
    }

    /// How many events all watchers together get in a second, while many write: one alone would measure the put again.
    async fn fan_out(&mut self, watchers: usize, events: usize) -> Result<()> {
        let name = format!("watch events, {watchers} watchers");
        if !self.is_wanted(&name) {
            return Ok(());
        }
        let (tasks, arrived) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
        let (sender, mut done) = mpsc::unbounded_channel();
        // In this process nothing else keeps writers from running ahead.
        let options = WatchOptions::from_now().buffer(events);
        for n in 0..watchers {
            let store = &self.stores[n % CONNECTIONS];
            let mut watch = store.watch(KeyRange::prefix("fan/"), options).await?;
            let (arrived, sender) = (Arc::clone(&arrived), sender.clone());
            tasks.spawn(async move {
                for _ in 0..events {
                    if watch.next().await.is_none_or(|batch| batch.is_err()) {
                        return;
                    }
                    arrived.fetch_add(1, Ordering::Relaxed);
                }
                let _ = sender.send(());
            });
        }
        drop(sender);
        let costs = Costs::begin(self.process)?;
        let began = Instant::now();
        let writers = FuturesUnordered::new();
        for writer in 0..WRITERS {
            let store = &self.stores[writer % CONNECTIONS];
            writers.push(async move {
                for n in (writer..events).step_by(WRITERS) {
                    store.put(format!("fan/{}", n % 100).into(), value()).await?;
                }
                Ok::<_, Error>(())
            });
        }
        writers.try_collect::<()>().await?;
        while done.recv().await.is_some() {}
        let took = began.elapsed();
        let arrived = arrived.load(Ordering::Relaxed);
        if arrived < watchers * events {
            return Err(format!("{name}: only {arrived} of {} events arrived", watchers * events).into());
        }
        let (rate, cost) = (arrived as f64 / took.as_secs_f64(), costs.of_each(arrived)?);
        self.figures.push(Figure { name, rate, middle: took, slow: took, cost });
        Ok(())
    }

    async fn fill(&self) -> Result<()> {
        for n in 0..10_000 {
            self.stores[n % CONNECTIONS].put(format!("range/{n:05}").into(), value()).await?;
        }
        Ok(())
    }
}

pub(crate) fn value() -> Bytes {
    static VALUE: [u8; 1024] = [b'x'; 1024];
    Bytes::from_static(&VALUE)
}

/// Measures a store over these connections to it, which the server `process` holds if it is not in this process.
pub(crate) async fn figures(
    stores: Vec<Arc<dyn Store>>,
    process: Option<u32>,
    arguments: &Arguments,
) -> Result<Vec<Figure>> {
    let (time, only) = (Duration::from_secs(arguments.seconds), arguments.only.clone());
    let mut target = Target { stores, process, time, only, figures: Vec::new() };
    for writers in [1, 64, 1000] {
        let put = |store: Arc<dyn Store>, task: usize, n: usize| async move {
            store.put(format!("put/{task}/{}", n % 100).into(), value()).await.map(drop)
        };
        target.measure(&format!("put, {writers} writers"), writers, put).await?;
    }
    let create = |store: Arc<dyn Store>, task: usize, n: usize| async move {
        store.create(format!("create/{task}/{n}").into(), value()).await.map(drop)
    };
    target.measure("create if absent, 64 writers", 64, create).await?;
    target.fill().await?;
    for readers in [1, 64] {
        let get = |store: Arc<dyn Store>, _, n: usize| async move {
            store.get(format!("range/{:05}", n % 10_000).into()).await.map(drop)
        };
        target.measure(&format!("get, {readers} readers"), readers, get).await?;
    }
    for limit in [500, 10_000] {
        let range = move |store: Arc<dyn Store>, _, _| async move {
            store.range(KeyRange::prefix("range/"), RangeOptions::latest().limit(limit)).await.map(drop)
        };
        target.measure(&format!("range of {limit}, 4 readers"), 4, range).await?;
    }
    let mut watchers = 1;
    while watchers <= arguments.watchers {
        target.fan_out(watchers, (400_000 / watchers).clamp(40, 8000)).await?;
        watchers *= 10;
    }
    Ok(target.figures)
}
