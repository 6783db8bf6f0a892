//! A cluster behind an HTTPS port, for kubectl and every other client, until it is interrupted.
//!
//! `cargo run --release --example cluster -- --nodes 5`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

mod interrupted;
mod kubeconfig;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use k8s_kit::Cluster;
use k8s_kit::node_agent::HollowNode;
use k8s_kit::server::ApiServerBuilder;
use k8s_kit::store_durable::Durable;

use interrupted::Interrupted;
use kubeconfig::KubeconfigFile;

/// A cluster makes and drops many small things on several threads; this allocator takes a sixth less time for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Kubernetes cluster in one process. Its containers only pretend, everything else is real.
///
/// A container does what its command says as far as that is `echo`, `sleep`, `exit` and the like, alone or in `sh -c`.
/// Of all others, init containers and those of jobs end well after a second, and the rest run forever.
///
/// Who may do what is decided by roles, as everywhere (RBAC): the kubeconfig is an administrator's, pods may what is bound
/// to their service accounts, and who shows no credentials sees the version and the health of the server.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many nodes it has.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// How many cores a node has: 8, 500m.
    #[arg(long, default_value = "8")]
    cpu_per_node: String,
    /// How much memory a node has.
    #[arg(long, default_value = "32Gi")]
    memory_per_node: String,
    /// How many pods a node takes; it has addresses for 250.
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=250))]
    pods_per_node: u32,
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to put the administrator's kubeconfig: a new file, or one that an earlier run of this left behind. By
    /// default in a new temporary folder.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Where to keep everything, for the next time; by default it is kept in memory and gone at the end.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

impl Arguments {
    fn node(&self, number: usize) -> HollowNode {
        HollowNode::new(format!("hollow-{number}"))
            .cpu(&self.cpu_per_node)
            .memory(&self.memory_per_node)
            .pods(self.pods_per_node)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run(Arguments::parse()).await else { return ExitCode::SUCCESS };
    let mut chain = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        chain.push(source.to_string());
        next = source.source();
    }
    eprintln!("error: {}", chain.join(": "));
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // From here on a signal ends the program in an orderly way, also one that comes before the cluster is up.
    let interrupted = Interrupted::listen()?;
    let nodes = (1..=arguments.nodes).map(|i| arguments.node(i));
    let mut builder = Cluster::builder().api_server(ApiServerBuilder::rbac).nodes(nodes);
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
    println!(
        "\nThe kubeconfig is the administrator's. Others may do what roles say (RBAC): without credentials, next to nothing."
    );
    println!("Ctrl-C stops it and removes the kubeconfig.");

    interrupted.wait().await;
    drop(file);
    served.stop().await;
    cluster.stop().await;
    Ok(())
}
