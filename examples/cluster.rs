//! A cluster behind an HTTPS port, for kubectl and every other client, until it is interrupted.
//!
//! `cargo run --release --example cluster -- --nodes 5`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::{fs, io, process};

use clap::Parser;
use k8s_kit::Cluster;
use k8s_kit::https::Kubeconfig;
use k8s_kit::node_agent::HollowNode;
use k8s_kit::store_durable::Durable;

/// A cluster makes and drops many small things on several threads; this allocator takes a sixth less time for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Kubernetes cluster in one process. Its containers only pretend, everything else is real.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many nodes it has.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to put the administrator's kubeconfig, which must not exist yet. By default in a new temporary folder.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Where to keep everything, for the next time; by default it is kept in memory and gone at the end.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    // From here on a signal ends the program in an orderly way, also one that comes before the cluster is up.
    let interrupted = Interrupted::listen()?;
    let nodes = (1..=arguments.nodes).map(|i| HollowNode::new(format!("hollow-{i}")));
    let mut builder = Cluster::builder().nodes(nodes);
    if let Some(directory) = &arguments.data_dir {
        builder = builder.owned_store(Durable::open(directory).await?);
    }
    let cluster = builder.start().await?;
    let served = cluster.serve(arguments.listen).await?;
    let file = KubeconfigFile::create(arguments.kubeconfig, served.kubeconfig())?;

    println!("A cluster of {} nodes is up at https://{}", arguments.nodes, served.local_addr());
    println!("\nTry, in another terminal:\n");
    println!("    export KUBECONFIG={}", file.path.display());
    println!("    kubectl get nodes");
    println!("    kubectl create deployment web --image=registry.example/web --replicas=3");
    println!("    kubectl rollout status deployment/web");
    println!("    kubectl get pods -o wide");
    println!("\nCtrl-C stops it and removes the kubeconfig.");

    interrupted.wait().await;
    drop(file);
    served.stop().await;
    cluster.stop().await;
    Ok(())
}

/// A kubeconfig that is there as long as the cluster is.
struct KubeconfigFile {
    path: PathBuf,
    /// The folder that was made for it.
    folder: Option<PathBuf>,
}

impl KubeconfigFile {
    fn create(path: Option<PathBuf>, content: &Kubeconfig) -> Result<Self, Box<dyn Error>> {
        let file = match path {
            // One that is there already is somebody else's, and must neither be overwritten nor removed in the end.
            Some(path) if path.exists() => return Err(format!("{} exists already", path.display()).into()),
            Some(path) => Self { path: std::path::absolute(path)?, folder: None },
            None => {
                let folder = std::env::temp_dir().join(format!("k8s-kit-{}", process::id()));
                fs::create_dir(&folder)?;
                Self { path: folder.join("kubeconfig"), folder: Some(folder) }
            }
        };
        content.write(&file.path)?;
        Ok(file)
    }
}

impl Drop for KubeconfigFile {
    fn drop(&mut self) {
        // Whoever removed it before has done what is to be done here.
        let _ = fs::remove_file(&self.path);
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The signals that end the program.
struct Interrupted {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupted {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Interrupted {
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
