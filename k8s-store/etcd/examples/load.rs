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
    #[arg(long, default_value_t = 1000)]
    watchers: usize,
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
}

/// Runs `call` over and over, in so many tasks over so many connections.
async fn measure<F, C>(name: &str, stores: &[Etcd], tasks: usize, time: Duration, call: C) -> Result<Figure>
where
    F: Future<Output = std::result::Result<(), k8s_store::Error>> + Send,
    C: Fn(Etcd, usize, usize) -> F + Clone + Send + Sync + 'static,
{
    let set = Tasks::new();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let began = Instant::now();
    for task in 0..tasks {
        let (store, call, sender) = (stores[task % stores.len()].clone(), call.clone(), sender.clone());
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
    all.sort_unstable();
    let at = |part: usize| all.get(all.len() * part / 100).copied().unwrap_or_default();
    Ok(Figure { name: name.to_owned(), rate, middle: at(50), slow: at(99) })
}

/// How many events all watchers together get in a second, while one writes as fast as they follow.
async fn fan_out(stores: &[Etcd], watchers: usize, events: usize) -> Result<Figure> {
    let (tasks, arrived) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
    let (sender, mut done) = mpsc::unbounded_channel();
    for n in 0..watchers {
        let mut watch = stores[n % stores.len()].watch(KeyRange::prefix("fan/"), WatchOptions::from_now()).await?;
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
    let began = Instant::now();
    let value = Bytes::from(vec![b'x'; 1024]);
    for n in 0..events {
        stores[0].put(format!("fan/{}", n % 100).into(), value.clone()).await?;
    }
    while done.recv().await.is_some() {}
    let took = began.elapsed();
    let name = format!("watch events, {watchers} watchers");
    Ok(Figure { name, rate: arrived.load(Ordering::Relaxed) as f64 / took.as_secs_f64(), middle: took, slow: took })
}

async fn connect(url: &str, count: usize) -> Result<Vec<Etcd>> {
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(Etcd::connect([url]).await?);
    }
    Ok(stores)
}

async fn figures(url: &str, arguments: &Arguments) -> Result<Vec<Figure>> {
    let time = Duration::from_secs(arguments.seconds);
    let value = Bytes::from(vec![b'x'; 1024]);
    let stores = connect(url, 32).await?;
    let mut figures = Vec::new();
    for writers in [1, 64, 1000] {
        let value = value.clone();
        let put = move |store: Etcd, task: usize, n: usize| {
            let (key, value) = (format!("put/{task}/{}", n % 100), value.clone());
            async move { store.put(key.into(), value).await.map(drop) }
        };
        figures.push(measure(&format!("put, {writers} writers"), &stores, writers, time, put).await?);
    }
    let create = {
        let value = value.clone();
        move |store: Etcd, task: usize, n: usize| {
            let (key, value) = (format!("create/{task}/{n}"), value.clone());
            async move { store.create(key.into(), value).await.map(drop) }
        }
    };
    figures.push(measure("create if absent, 64 writers", &stores, 64, time, create).await?);
    for n in 0..10_000 {
        stores[n % stores.len()].put(format!("range/{n:05}").into(), value.clone()).await?;
    }
    let get =
        |store: Etcd, _, n: usize| async move { store.get(format!("range/{:05}", n % 10_000).into()).await.map(drop) };
    for readers in [1, 64] {
        figures.push(measure(&format!("get, {readers} readers"), &stores, readers, time, get).await?);
    }
    for limit in [500, 10_000] {
        let range = move |store: Etcd, _, _| async move {
            store.range(KeyRange::prefix("range/"), RangeOptions::latest().limit(limit)).await.map(drop)
        };
        figures.push(measure(&format!("range of {limit}, 4 readers"), &stores, 4, time, range).await?);
    }
    let mut watchers = 1;
    while watchers <= arguments.watchers {
        figures.push(fan_out(&stores, watchers, (200_000 / watchers).clamp(20, 2000)).await?);
        watchers *= 10;
    }
    Ok(figures)
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut columns = Vec::new();
    // One after the other, so that they do not share the processor.
    for server in servers(&arguments)? {
        eprintln!("measuring {}", server.name);
        let measured = figures(&server.url, &arguments).await?;
        columns.push((server.name.clone(), measured));
    }
    for row in 0..columns.first().map_or(0, |(_, figures)| figures.len()) {
        for (name, figures) in &columns {
            let Figure { name: what, rate, middle, slow } = &figures[row];
            let ratio = rate / columns[0].1[row].rate;
            println!("{what:32} {name:16} {rate:12.0}/s {ratio:7.2}x   p50 {middle:>10.2?}  p99 {slow:>10.2?}");
        }
    }
    Ok(())
}
