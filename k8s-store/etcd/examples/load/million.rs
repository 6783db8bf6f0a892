use std::time::Duration;

use futures_util::stream::{FuturesUnordered, TryStreamExt};
use k8s_store::StoreExt;
use k8s_store_etcd::Etcd;
use tokio::time::{Instant, sleep};

use crate::servers::{Server, resident};
use crate::target::value;
use crate::{CONNECTIONS, Result};

const KEYS: usize = 1_000_000;
const WRITERS: usize = 256;

fn key(n: usize) -> bytes::Bytes {
    format!("/registry/pods/namespace-{:03}/deployment-6f7d8c9b5-{n:07}", n % 100).into()
}

/// Fills a server with a million keys, kills it, and says what it takes until it answers again.
pub(crate) async fn measure(server: &mut Server) -> Result<String> {
    let mut stores = Vec::new();
    for _ in 0..CONNECTIONS {
        stores.push(Etcd::connect([&server.url]).await?);
    }
    let began = Instant::now();
    let writers = FuturesUnordered::new();
    for writer in 0..WRITERS {
        let store = stores[writer % CONNECTIONS].clone();
        writers.push(async move {
            for n in (writer..KEYS).step_by(WRITERS) {
                store.put(key(n), value()).await?;
            }
            Ok::<_, k8s_store::Error>(())
        });
    }
    writers.try_collect::<()>().await?;
    let filled = began.elapsed();
    let full = resident(server.process().ok_or("its process is not known")?)?;
    drop(stores);
    server.restart()?;
    let began = Instant::now();
    let store = loop {
        match Etcd::connect([&server.url]).await {
            Ok(store) => break store,
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
    };
    store.get(key(KEYS - 1)).await?.ok_or("the last key is lost")?;
    let (answered, opened) = (began.elapsed(), resident(server.process().ok_or("its process is not known")?)?);
    Ok(format!(
        "{:16} filled in {filled:.1?} ({:.0}/s), {full} MiB; killed, and answered again after {answered:.2?}, {opened} MiB",
        server.name,
        KEYS as f64 / filled.as_secs_f64(),
    ))
}
