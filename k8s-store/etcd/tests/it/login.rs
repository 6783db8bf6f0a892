//! Users, and tokens that end.

use std::time::Duration;

use k8s_store::{Delete, Error, KeyRange, Maintenance, RangeOptions, Retry, Store, StoreExt, Txn, WatchOptions};
use k8s_store_etcd::Etcd;
use k8s_store_etcd_server::EtcdServer;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::guarded::guarded;

/// After a second.
const TOKENS_END: [&str; 2] = ["--auth-token-ttl", "1"];

#[tokio::test]
async fn tokens_are_renewed() {
    let Some(peer) = guarded(&TOKENS_END).await else { return };
    let store = Etcd::builder([peer.url.clone()]).user("root", "secret").connect().await.unwrap();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    for round in 0..3 {
        store.put("app/a".into(), round.to_string().into()).await.unwrap();
        let batch = timeout(Duration::from_secs(10), watch.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(batch.events[0].kv.value, round.to_string());
        // Two seconds without a call are longer than a token lives.
        sleep(Duration::from_millis(2500)).await;
        let mut late = store.watch(KeyRange::all(), WatchOptions::since(batch.revision)).await.unwrap();
        let again = timeout(Duration::from_secs(10), late.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(again, batch);
    }
}

#[tokio::test]
async fn who_may_not_is_told() {
    let Some(peer) = guarded(&TOKENS_END).await else { return };
    let refused = |error: Error, why: &str| {
        assert!(matches!(&error, Error::Denied { reason } if reason.contains(why)), "{error}");
        assert_eq!(error.retry(), Retry::Never);
    };
    let as_user = |name: &str, password: &str| Etcd::builder([peer.url.clone()]).user(name, password).connect();
    refused(as_user("root", "wrong").await.unwrap_err(), "authentication failed");
    // Some releases of etcd let nobody in at all, others only to do nothing.
    let nobody = match Etcd::connect([peer.url.clone()]).await {
        Ok(nobody) => nobody.put("app/a".into(), "1".into()).await.unwrap_err(),
        Err(error) => error,
    };
    refused(nobody, "user name is empty");

    let root = as_user("root", "secret").await.unwrap();
    root.put("app/a".into(), "1".into()).await.unwrap();
    let reader = as_user("reader", "open").await.unwrap();
    assert_eq!(reader.get("app/a".into()).await.unwrap().unwrap().value, "1");
    refused(reader.put("app/a".into(), "2".into()).await.unwrap_err(), "permission denied");
    refused(reader.get("other".into()).await.unwrap_err(), "permission denied");
    refused(reader.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap_err(), "permission denied");
    refused(reader.txn(Txn::always(Delete::one("app/a"))).await.unwrap_err(), "permission denied");
    refused(reader.snapshot().await.err().unwrap(), "permission denied");
    assert_eq!(root.get("app/a".into()).await.unwrap().unwrap().value, "1");
    assert!(reader.status().await.unwrap().revision.0 >= 2);
    let mut watch = reader.watch(KeyRange::prefix("app/"), WatchOptions::from_now()).await.unwrap();
    root.put("app/b".into(), "1".into()).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().events[0].kv.key, "app/b");
    watch.request_progress();
    assert!(watch.next().await.unwrap().unwrap().is_progress());
}

/// Our server passes on what the etcd behind it denies, in etcd's words, so that a client is told the same at one remove.
#[tokio::test]
async fn who_may_not_is_told_by_the_server_before_it() {
    let Some(peer) = guarded(&TOKENS_END).await else { return };
    let root = Etcd::builder([peer.url.clone()]).user("root", "secret").connect().await.unwrap();
    root.put("app/a".into(), "1".into()).await.unwrap();
    let reader = Etcd::builder([peer.url.clone()]).user("reader", "open").connect().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = EtcdServer::new(reader).serve(listener, None).unwrap();
    let client = Etcd::connect([format!("http://{}", server.local_addr())]).await.unwrap();
    let denied = |error: Error| match error {
        Error::Denied { reason } => reason.into_owned(),
        error => panic!("{error}"),
    };
    assert_eq!(client.get("app/a".into()).await.unwrap().unwrap().value, "1");
    let words = "etcdserver: permission denied";
    assert_eq!(denied(client.put("app/a".into(), "2".into()).await.unwrap_err()), words);
    assert_eq!(denied(client.range(KeyRange::all(), RangeOptions::latest()).await.unwrap_err()), words);
    let watch = client.watch(KeyRange::all(), WatchOptions::from_now()).await;
    assert_eq!(denied(watch.unwrap_err()), format!("rpc error: code = PermissionDenied desc = {words}"));

    // The other watches of a client go on.
    let mut watch = client.watch(KeyRange::prefix("app/"), WatchOptions::from_now()).await.unwrap();
    root.put("app/b".into(), "1".into()).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().events[0].kv.key, "app/b");
    client.close().await.unwrap();
    server.stop().await;
}
