//! Measures stores beside one another: a real etcd, ours served as one, and ours in this process, on the same disk.
//!
//! `cargo build --release -p k8s-store-etcd-server && cargo run --release -p k8s-store-etcd --example load -- \
//!     --etcd target/ci/bin/etcd --ours target/release/k8s-store-etcd-server --dir /var/tmp/load`
//!
//! `--million` measures a million keys instead: what they take in memory, and until they are there again.
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod million;
mod servers;
mod target;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use clap::Parser;
use k8s_store::{Memory, Store};
use k8s_store_durable::Durable;
use k8s_store_etcd::Etcd;

use servers::Server;
use target::{Figure, figures};

/// As the servers have it: the system's allocator asks the kernel for memory in pieces too small for a store.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Over which all load is spread.
const CONNECTIONS: usize = 32;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures stores beside one another.
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
    /// Measure a million keys on the servers that are durable.
    #[arg(long)]
    million: bool,
}

type Column = (String, Vec<Figure>);

/// What to measure over gRPC.
enum Peer<'a> {
    Etcd(&'a Path),
    OursDurable(&'a Path),
    OursInMemory(&'a Path),
    Running(&'a str),
}

impl Peer<'_> {
    /// Starts it, after the disk has what the one before left to it.
    fn start(&self, dir: &Path) -> Result<Server> {
        Command::new("sync").status()?;
        match self {
            Self::Etcd(program) => Server::etcd(program, dir),
            Self::OursDurable(program) => Server::ours_durable(program, dir),
            Self::OursInMemory(program) => Server::ours_in_memory(program),
            Self::Running(url) => Ok(Server::running(url)),
        }
    }
}

fn peers(arguments: &Arguments) -> Vec<Peer<'_>> {
    let mut peers: Vec<_> = arguments.etcd.as_deref().map(Peer::Etcd).into_iter().collect();
    if let Some(ours) = &arguments.ours {
        peers.push(Peer::OursDurable(ours));
        if !arguments.million {
            peers.push(Peer::OursInMemory(ours));
        }
    }
    peers.extend(arguments.endpoint.iter().map(|url| Peer::Running(url)));
    peers
}

async fn of_server(server: &Server, arguments: &Arguments) -> Result<Column> {
    eprintln!("measuring {}", server.name);
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..CONNECTIONS {
        stores.push(Arc::new(Etcd::connect([&server.url]).await?));
    }
    Ok((server.name.clone(), figures(stores, server.process(), arguments).await?))
}

async fn in_process(name: &str, store: Arc<dyn Store>, arguments: &Arguments) -> Result<Column> {
    eprintln!("measuring {name}");
    Ok((name.to_owned(), figures(vec![store; CONNECTIONS], None, arguments).await?))
}

fn print(columns: &[Column]) {
    let Some((_, first)) = columns.first() else { return };
    for (row, base) in first.iter().enumerate() {
        for (name, figures) in columns {
            let Figure { name: what, rate, middle, slow, cost: (server, client) } = &figures[row];
            let ratio = rate / base.rate;
            println!(
                "{what:32} {name:20} {rate:9.0}/s {ratio:7.2}x   p50 {middle:>9.2?}  p99 {slow:>9.2?}   \
                 processor: server {server:>9.2?}, here {client:>9.2?}"
            );
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.dir)?;
    let mut columns = Vec::new();
    // One after the other, so that they share neither the processor nor the disk.
    for peer in peers(&arguments) {
        let mut server = peer.start(&arguments.dir)?;
        if arguments.million {
            println!("{}", million::measure(&mut server).await?);
        } else {
            columns.push(of_server(&server, &arguments).await?);
        }
    }
    if arguments.million {
        return Ok(());
    }
    let durable = Arc::new(Durable::open(arguments.dir.join("in-process")).await?);
    columns.push(in_process("in process, durable", durable, &arguments).await?);
    columns.push(in_process("in process, memory", Arc::new(Memory::new()), &arguments).await?);
    print(&columns);
    Ok(())
}
