//! Clients that behave badly, many at once: the others must not notice.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use futures_util::StreamExt;
use k8s_api_client::{Client, ListOptions, WatchEvent};
use k8s_api_https::client;
use k8s_openapi::api::core::v1::ConfigMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::api_server::{admin, cluster};
use crate::fixture::Served;

const LONG: Duration = Duration::from_secs(60);
/// More than a watch may fall behind.
const WRITES: usize = 4_500;
const CLIENTS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_that_vanish_or_never_read_harm_nobody() {
    let (_server, served) = cluster().await;
    let good = client(&admin(&served), &served.env).unwrap();
    let maps = good.namespaced::<ConfigMap>("default");
    let begin = maps.list(ListOptions::default()).await.unwrap().revision;
    let mut honest = maps.watch(ListOptions::default().at(begin.to_string())).await.unwrap();
    let connections = sockets();

    let mut bad = Vec::new();
    for _ in 0..CLIENTS {
        bad.push(half_open_watch(&served, begin).await);
    }
    assert!(sockets() >= connections + 2 * CLIENTS);
    let watched = async {
        for seen in 0..WRITES {
            // Half of them vanish in mid-stream, with a reset; the others stay and never read.
            if seen == WRITES / 3 {
                bad.drain(..CLIENTS / 2).for_each(vanish);
            }
            let event = timeout(LONG, honest.next()).await.unwrap().unwrap();
            let WatchEvent::Added(object) = event else { panic!("{event:?}") };
            assert_eq!(object.meta().name, format!("map-{seen:05}"));
        }
    };
    tokio::join!(write(&good, WRITES), watched);
    bad.into_iter().for_each(vanish);
    timeout(LONG, async {
        while sockets() > connections {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the server lets go of every connection");
    assert_eq!(maps.list(ListOptions::default()).await.unwrap().items.len(), WRITES);
}

async fn write(client: &Client, n: usize) {
    let maps = client.namespaced::<ConfigMap>("default");
    for i in 0..n {
        let mut map = ConfigMap::default();
        map.metadata.name = Some(format!("map-{i:05}"));
        maps.create(map).await.unwrap();
    }
}

/// A connection that has read the head of the answer to a watch and no more.
async fn half_open_watch(served: &Served, after: u64) -> TlsStream<TcpStream> {
    let mut stream = served.connect(b"http/1.1").await;
    let path = format!("/api/v1/namespaces/default/configmaps?watch=true&resourceVersion={after}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    timeout(LONG, stream.read_exact(&mut head)).await.unwrap().unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

/// Closes without a word: the kernel sends a reset.
fn vanish(stream: TlsStream<TcpStream>) {
    let (tcp, _) = stream.into_inner();
    tcp.set_zero_linger().unwrap();
}

/// The sockets of this process.
fn sockets() -> usize {
    let is_socket = |entry: std::io::Result<std::fs::DirEntry>| {
        let target = std::fs::read_link(entry.ok()?.path()).ok()?;
        target.to_str()?.starts_with("socket:").then_some(())
    };
    std::fs::read_dir("/proc/self/fd").unwrap().filter_map(is_socket).count()
}
