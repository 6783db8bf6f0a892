//! Measures servers of etcd's API beside one another: a real etcd, and ours in memory and on the same disk.
//!
//! `cargo build --release -p k8s-store-etcd-server && cargo run --release -p k8s-store-etcd --example load -- \
//!     --etcd target/ci/bin/etcd --ours target/release/k8s-store-etcd-server --dir /var/tmp/load`
#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::error::Error;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use k8s_env::Tasks;
use k8s_store::{KeyRange, RangeOptions, Store, StoreExt, WatchOptions};
use k8s_store_etcd::Etcd;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Over which all load is spread.
const CONNECTIONS: usize = 32;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures servers of etcd's API beside one another.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program of etcd.
    #[arg(long)]
    etcd: Option<PathBuf>,
    /// The program of our server.
    #[arg(long)]
    ours: Option<PathBuf>,
    /// Where the servers keep their data, on the disk to measure.
    #[arg(long)]
    dir: PathBuf,
    /// Servers that run already, by endpoint.
    #[arg(long)]
    endpoint: Vec<String>,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many watchers at most.
    #[arg(long, default_value_t = 10_000)]
    watchers: usize,
    /// Measure only what has this in its name.
    #[arg(long, default_value = "")]
    only: String,
}

/// A server that is killed when this is dropped.
struct Started {
    name: String,
    url: String,
    process: Option<Child>,
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn free_url() -> Result<String> {
    Ok(format!("http://{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?))
}

fn start(name: &str, url: &str, program: &PathBuf, arguments: &[&str]) -> Result<Started> {
    let process = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Ok(Started { name: name.to_owned(), url: url.to_owned(), process: Some(process) })
}

fn servers(arguments: &Arguments) -> Result<Vec<Started>> {
    std::fs::create_dir_all(&arguments.dir)?;
    let mut servers = Vec::new();
    if let Some(etcd) = &arguments.etcd {
        let (url, peers, data) = (free_url()?, free_url()?, arguments.dir.join("etcd"));
        let cluster = format!("default={peers}");
        let data = data.to_string_lossy();
        servers.push(start(
            "etcd",
            &url,
            etcd,
            &[
                "--listen-client-urls",
                &url,
                "--advertise-client-urls",
                &url,
                "--listen-peer-urls",
                &peers,
                "--initial-advertise-peer-urls",
                &peers,
                "--initial-cluster",
                &cluster,
                "--data-dir",
                &data,
                "--log-level",
                "error",
                "--quota-backend-bytes",
                "8589934592",
            ],
        )?);
    }
    if let Some(ours) = &arguments.ours {
        let (url, data) = (free_url()?, arguments.dir.join("durable"));
        let data = data.to_string_lossy();
        servers.push(start("ours, durable", &url, ours, &["--listen", &url, "--data-dir", &data])?);
        let url = free_url()?;
        servers.push(start("ours, memory", &url, ours, &["--listen", &url, "--memory"])?);
    }
    for url in &arguments.endpoint {
        servers.push(Started { name: url.clone(), url: url.clone(), process: None });
    }
    Ok(servers)
}

/// So many in a second, and how long one took in the middle and for the slowest hundredth.
struct Figure {
    name: String,
    rate: f64,
    middle: Duration,
    slow: Duration,
    /// How much of the processor one took, in the server and here: who is the limit.
    cost: (Duration, Duration),
}

/// The processor time that a process had so far; none if it is not known which.
fn processor_time(process: Option<u32>) -> Result<Duration> {
    /// The system counts in hundredths of a second, whatever its clock.
    const TICK: Duration = Duration::from_millis(10);
    let Some(process) = process else { return Ok(Duration::ZERO) };
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold spaces; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in brackets")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(TICK * times.sum::<std::result::Result<u32, _>>()?)
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

/// A server under load: the connections to it, and its process.
struct Target {
    stores: Vec<Etcd>,
    process: Option<u32>,
    time: Duration,
    only: String,
    figures: Vec<Figure>,
}

impl Target {
    async fn new(server: &Started, arguments: &Arguments) -> Result<Self> {
        let mut stores = Vec::new();
        for _ in 0..CONNECTIONS {
            stores.push(Etcd::connect([&server.url]).await?);
        }
        let (process, time) = (server.process.as_ref().map(Child::id), Duration::from_secs(arguments.seconds));
        Ok(Self { stores, process, time, only: arguments.only.clone(), figures: Vec::new() })
    }

    fn is_wanted(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// Runs `call` over and over, in so many tasks over all connections.
    async fn measure<F, C>(&mut self, name: &str, tasks: usize, call: C) -> Result<()>
    where
        F: Future<Output = std::result::Result<(), k8s_store::Error>> + Send,
        C: Fn(Etcd, usize, usize) -> F + Clone + Send + Sync + 'static,
    {
        if !self.is_wanted(name) {
            return Ok(());
        }
        let (set, time) = (Tasks::new(), self.time);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let costs = Costs::begin(self.process)?;
        let began = Instant::now();
        for task in 0..tasks {
            let (store, call, sender) = (self.stores[task % CONNECTIONS].clone(), call.clone(), sender.clone());
            set.spawn(async move {
                let mut took = Vec::new();
                let mut end = Ok(());
                for n in 0.. {
                    let start = Instant::now();
                    if start - began >= time {
                        break;
                    }
                    end = call(store.clone(), task, n).await;
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

    /// How many events all watchers together get in a second, while one writes as fast as they follow.
    async fn fan_out(&mut self, watchers: usize, events: usize) -> Result<()> {
        let name = format!("watch events, {watchers} watchers");
        if !self.is_wanted(&name) {
            return Ok(());
        }
        let (tasks, arrived) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
        let (sender, mut done) = mpsc::unbounded_channel();
        for n in 0..watchers {
            let store = &self.stores[n % CONNECTIONS];
            let mut watch = store.watch(KeyRange::prefix("fan/"), WatchOptions::from_now()).await?;
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
        for n in 0..events {
            self.stores[0].put(format!("fan/{}", n % 100).into(), value()).await?;
        }
        while done.recv().await.is_some() {}
        let took = began.elapsed();
        let arrived = arrived.load(Ordering::Relaxed);
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

fn value() -> Bytes {
    static VALUE: [u8; 1024] = [b'x'; 1024];
    Bytes::from_static(&VALUE)
}

async fn figures(server: &Started, arguments: &Arguments) -> Result<Vec<Figure>> {
    let mut target = Target::new(server, arguments).await?;
    for writers in [1, 64, 1000] {
        let put = |store: Etcd, task: usize, n: usize| async move {
            store.put(format!("put/{task}/{}", n % 100).into(), value()).await.map(drop)
        };
        target.measure(&format!("put, {writers} writers"), writers, put).await?;
    }
    let create = |store: Etcd, task: usize, n: usize| async move {
        store.create(format!("create/{task}/{n}").into(), value()).await.map(drop)
    };
    target.measure("create if absent, 64 writers", 64, create).await?;
    target.fill().await?;
    for readers in [1, 64] {
        let get = |store: Etcd, _, n: usize| async move {
            store.get(format!("range/{:05}", n % 10_000).into()).await.map(drop)
        };
        target.measure(&format!("get, {readers} readers"), readers, get).await?;
    }
    for limit in [500, 10_000] {
        let range = move |store: Etcd, _, _| async move {
            store.range(KeyRange::prefix("range/"), RangeOptions::latest().limit(limit)).await.map(drop)
        };
        target.measure(&format!("range of {limit}, 4 readers"), 4, range).await?;
    }
    let mut watchers = 1;
    while watchers <= arguments.watchers {
        target.fan_out(watchers, (200_000 / watchers).clamp(20, 2000)).await?;
        watchers *= 10;
    }
    Ok(target.figures)
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut columns = Vec::new();
    // One after the other, so that they do not share the processor.
    for server in servers(&arguments)? {
        eprintln!("measuring {}", server.name);
        let measured = figures(&server, &arguments).await?;
        columns.push((server.name.clone(), measured));
    }
    for row in 0..columns.first().map_or(0, |(_, figures)| figures.len()) {
        for (name, figures) in &columns {
            let Figure { name: what, rate, middle, slow, cost: (server, client) } = &figures[row];
            let ratio = rate / columns[0].1[row].rate;
            println!(
                "{what:32} {name:16} {rate:9.0}/s {ratio:6.2}x   p50 {middle:>9.2?}  p99 {slow:>9.2?}   \
                 processor: server {server:>9.2?}, client {client:>9.2?}"
            );
        }
    }
    Ok(())
}
