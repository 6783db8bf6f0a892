//! Every promise, on this backend over a real etcd and over a store of ours that is served as etcd.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what is skipped is told")]

#[path = "it/guarded.rs"]
mod guarded;
#[path = "it/peer.rs"]
mod peer;

use std::io;

use k8s_env::Tasks;
use k8s_store::Memory;
use k8s_store_durable::Durable;
use k8s_store_etcd::{Connect, Etcd, Io};
use k8s_store_etcd_server::EtcdServer;

/// Connections within this process: each is a pipe with the server at its other end.
struct Pipes {
    server: EtcdServer,
    tasks: Tasks,
    /// Removed when the last connection's maker is.
    _folder: Option<peer::Scratch>,
}

#[async_trait::async_trait]
impl Connect for Pipes {
    async fn connect(&self, _: &str, _: bool) -> io::Result<Box<dyn Io>> {
        let (here, there) = tokio::io::duplex(1 << 16);
        let server = self.server.clone();
        self.tasks.spawn(async move { server.serve_connection(there).await });
        Ok(Box::new(here))
    }
}

impl std::fmt::Debug for Pipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipes")
    }
}

async fn over(server: EtcdServer, folder: Option<peer::Scratch>) -> Etcd {
    let pipes = Pipes { server, tasks: Tasks::new(), _folder: folder };
    Etcd::builder(["http://served:1"]).connector(pipes).connect().await.unwrap()
}

async fn over_memory() -> Etcd {
    over(EtcdServer::new(Memory::builder().history(10_000).build()), None).await
}

async fn over_durable() -> Etcd {
    let folder = peer::Scratch::new();
    let store = Durable::open(folder.0.join("data")).await.unwrap();
    over(EtcdServer::new(store), Some(folder)).await
}

mod served_from_memory {
    k8s_store_testkit::conformance!(
        simulated: super::over_memory,
        lacking: [LargeTransactions: "etcd's API takes 128 operations"],
    );
    k8s_store_testkit::lease_conformance!(
        simulated: super::over_memory,
        lacking: [ShortLeases: "etcd's API counts seconds and grants at least two"],
    );
    k8s_store_testkit::maintenance_conformance!(
        simulated: super::over_memory,
        lacking: [LargeTransactions: "etcd's API takes 128 operations"],
    );
}

mod served_from_durable {
    k8s_store_testkit::conformance!(
        real: super::over_durable,
        lacking: [LargeTransactions: "etcd's API takes 128 operations"],
    );
    k8s_store_testkit::lease_conformance!(
        real: super::over_durable,
        lacking: [ShortLeases: "etcd's API counts seconds and grants at least two"],
    );
    k8s_store_testkit::maintenance_conformance!(
        real: super::over_durable,
        lacking: [LargeTransactions: "etcd's API takes 128 operations"],
    );
}

/// Sockets to a real etcd, which ends with the last connection's maker.
#[derive(Debug)]
struct ToPeer(#[expect(dead_code, reason = "held so that it runs")] peer::Peer);

#[async_trait::async_trait]
impl Connect for ToPeer {
    async fn connect(&self, authority: &str, _: bool) -> io::Result<Box<dyn Io>> {
        let stream = tokio::net::TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

/// A store in a fresh etcd, or in memory after saying that there is no etcd here.
async fn over_etcd() -> Etcd {
    let Some(peer) = peer::Peer::start("http", &[]) else { return over_memory().await };
    let url = peer.url.clone();
    Etcd::builder([url]).connector(ToPeer(peer)).connect().await.unwrap()
}

mod real_etcd {
    k8s_store_testkit::conformance!(
        real: super::over_etcd,
        lacking: [
            LargeTransactions: "etcd takes 128 operations unless told otherwise",
            PrevAcrossCompaction: "etcd reads the previous version when it sends the event",
        ],
        except: [sizes_follow_the_contents: "etcd tells the size of its file, which it writes a tenth of a second later"],
    );
    k8s_store_testkit::lease_conformance!(
        real: super::over_etcd,
        lacking: [ShortLeases: "etcd counts seconds and grants at least two"],
    );
    k8s_store_testkit::maintenance_conformance!(
        real: super::over_etcd,
        lacking: [
            LargeTransactions: "etcd takes 128 operations unless told otherwise",
            PrevAcrossCompaction: "etcd reads the previous version when it sends the event",
        ],
    );
}

/// The same with users, as one who may do everything.
async fn over_etcd_with_users() -> Etcd {
    let Some(peer) = guarded::guarded(&[]).await else { return over_memory().await };
    let url = peer.url.clone();
    Etcd::builder([url]).user("root", "secret").connector(ToPeer(peer)).connect().await.unwrap()
}

mod real_etcd_with_users {
    k8s_store_testkit::conformance!(
        real: super::over_etcd_with_users,
        lacking: [
            LargeTransactions: "etcd takes 128 operations unless told otherwise",
            PrevAcrossCompaction: "etcd reads the previous version when it sends the event",
        ],
        except: [sizes_follow_the_contents: "etcd tells the size of its file, which it writes a tenth of a second later"],
    );
}

/// So that the erased form forwards as well.
mod shared {
    use std::sync::Arc;

    k8s_store_testkit::conformance!(
        simulated: || async { Arc::new(super::over_memory().await) as Arc<dyn k8s_store::Store> },
        lacking: [LargeTransactions: "etcd's API takes 128 operations"],
    );
}
