//! Tells what an etcd answers to the crate `etcd-client`: `etcd-client-story http://127.0.0.1:2379`, to one that is empty.
//!
//! Revisions, versions and errors are printed as they are, so two servers behave alike if this prints the same.
#![forbid(unsafe_code)]

use std::env;

use etcd_client::{
    AlarmAction, AlarmType, Client, CompactionOptions, Compare, CompareOp, DeleteOptions, Error, GetOptions, KeyValue,
    LeaseGrantOptions, LeaseTimeToLiveOptions, PutOptions, ResponseHeader, SortOrder, SortTarget, Txn, TxnOp,
    TxnOpResponse, TxnResponse, WatchFilterType, WatchOptions, WatchResponse, WatchStream,
};

const LEASE: i64 = 7587;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let url = env::args().nth(1).expect("the address of an etcd");
    let mut client = Client::connect([url], None).await?;
    kv(&mut client).await?;
    transactions(&mut client).await?;
    watches(&mut client).await?;
    leases(&mut client).await?;
    compaction(&mut client).await?;
    maintenance(&mut client).await
}

async fn kv(client: &mut Client) -> Result<(), Error> {
    for (key, value) in [("a/1", "one"), ("a/2", "two"), ("a/3", "three"), ("b", "other"), ("a/1", "uno")] {
        let put = client.put(key, value, Some(PutOptions::new().with_prev_key())).await?;
        println!("put {key}: {} before {}", revision(put.header()), version(put.prev_key()));
    }
    let kept = client.put("a/2", "", Some(PutOptions::new().with_ignore_value())).await?;
    println!("put with the old value: {}", revision(kept.header()));
    say("put of nothing", client.put("", "x", None).await);
    say("put that keeps what is not there", client.put("no", "", Some(PutOptions::new().with_ignore_value())).await);
    let prefix = || GetOptions::new().with_prefix();
    let gets = [
        ("one", "a/1", None),
        ("none", "nothing", None),
        ("prefix", "a/", Some(prefix())),
        ("two of them", "a/", Some(prefix().with_limit(2))),
        ("keys", "a/", Some(prefix().with_keys_only())),
        ("count", "a/", Some(prefix().with_count_only())),
        ("by value, backwards", "a/", Some(prefix().with_sort(SortTarget::Value, SortOrder::Descend))),
        ("changed late", "a/", Some(prefix().with_min_mod_revision(5))),
        ("made early", "", Some(GetOptions::new().with_all_keys().with_max_create_revision(3))),
        ("from a key", "a/3", Some(GetOptions::new().with_from_key())),
        ("in the past", "a/1", Some(GetOptions::new().with_revision(3))),
        ("serializable", "b", Some(GetOptions::new().with_serializable())),
        ("in the future", "b", Some(GetOptions::new().with_revision(99))),
    ];
    for (what, key, options) in gets {
        match client.get(key, options).await {
            Ok(page) => {
                let kvs: Vec<_> = page.kvs().iter().map(|kv| version(Some(kv))).collect();
                println!("get {what}: {} more {} of {} {kvs:?}", revision(page.header()), page.more(), page.count());
            }
            Err(error) => println!("get {what}: {error}"),
        }
    }
    let gone = client.delete("a/3", Some(DeleteOptions::new().with_from_key().with_prev_key())).await?;
    let kvs: Vec<_> = gone.prev_kvs().iter().map(|kv| version(Some(kv))).collect();
    println!("delete: {} {} {kvs:?}", revision(gone.header()), gone.deleted());
    let none = client.delete("a/3", None).await?;
    println!("delete again: {} {}", revision(none.header()), none.deleted());
    Ok(())
}

async fn transactions(client: &mut Client) -> Result<(), Error> {
    let swap = |expected: &str| {
        let inner = Txn::new().and_then([TxnOp::put("t/inner", "1", None)]);
        Txn::new()
            .when([Compare::value("a/1", CompareOp::Equal, expected), Compare::version("t", CompareOp::Equal, 0)])
            .and_then([TxnOp::put("t", "x", None), TxnOp::get("t", None), TxnOp::txn(inner), TxnOp::delete("b", None)])
            .or_else([TxnOp::get("a/", Some(GetOptions::new().with_prefix()))])
    };
    println!("txn that holds: {}", outcome(&client.txn(swap("uno")).await?));
    println!("txn that does not: {}", outcome(&client.txn(swap("uno")).await?));
    let over_range = Txn::new().when([Compare::mod_revision("a/", CompareOp::Less, 99).with_prefix()]);
    println!("txn over a range: {}", outcome(&client.txn(over_range).await?));
    let twice = Txn::new().and_then([TxnOp::put("t", "1", None), TxnOp::put("t", "2", None)]);
    say("txn that writes a key twice", client.txn(twice).await);
    Ok(())
}

async fn watches(client: &mut Client) -> Result<(), Error> {
    let from = client.put("w/0", "before", None).await?.header().map_or(0, ResponseHeader::revision);
    let options = WatchOptions::new().with_prefix().with_prev_key().with_start_revision(from).with_watch_id(7);
    let mut watch = client.watch("w/", Some(options)).await?;
    next(&mut watch).await?;
    next(&mut watch).await?;
    client.put("w/1", "a", None).await?;
    next(&mut watch).await?;
    client.txn(Txn::new().and_then([TxnOp::put("w/0", "b", None), TxnOp::put("w/1", "b", None)])).await?;
    next(&mut watch).await?;
    client.delete("w/", Some(DeleteOptions::new().with_prefix())).await?;
    next(&mut watch).await?;
    watch.request_progress().await?;
    next(&mut watch).await?;
    let only_puts = WatchOptions::new().with_filters([WatchFilterType::NoDelete]).with_fragment();
    watch.watch("only", Some(only_puts)).await?;
    next(&mut watch).await?;
    for value in ["1", "2"] {
        client.put("only", value, None).await?;
        next(&mut watch).await?;
        client.delete("only", None).await?;
    }
    watch.watch("w/", Some(WatchOptions::new().with_watch_id(7))).await?;
    next(&mut watch).await?;
    watch.cancel(7).await?;
    next(&mut watch).await
}

async fn leases(client: &mut Client) -> Result<(), Error> {
    let granted = client.lease_grant(300, Some(LeaseGrantOptions::new().with_id(LEASE))).await?;
    println!("lease: {} {} for {}", revision(granted.header()), granted.id(), granted.ttl());
    say("lease again", client.lease_grant(300, Some(LeaseGrantOptions::new().with_id(LEASE))).await);
    say("lease for too long", client.lease_grant(i64::MAX, None).await);
    client.put("l/1", "x", Some(PutOptions::new().with_lease(LEASE))).await?;
    say("put with another lease", client.put("l/2", "x", Some(PutOptions::new().with_lease(1))).await);
    let life = client.lease_time_to_live(LEASE, Some(LeaseTimeToLiveOptions::new().with_keys())).await?;
    println!("lease lives: {} of {}, {:?}", life.ttl() > 290, life.granted_ttl(), life.keys());
    let (mut keeper, mut kept) = client.lease_keep_alive(LEASE).await?;
    keeper.keep_alive().await?;
    println!("lease kept: {:?}", kept.message().await?.map(|kept| kept.ttl()));
    println!("leases: {:?}", client.leases().await?.leases().iter().map(|lease| lease.id()).collect::<Vec<_>>());
    println!("lease revoked: {}", revision(client.lease_revoke(LEASE).await?.header()));
    println!("its key: {}", client.get("l/1", None).await?.count());
    say("lease revoked again", client.lease_revoke(LEASE).await);
    println!("lease lives: {}", client.lease_time_to_live(LEASE, None).await?.ttl());
    say("lease kept", client.lease_keep_alive(LEASE).await);
    Ok(())
}

async fn compaction(client: &mut Client) -> Result<(), Error> {
    let options = Some(CompactionOptions::new().with_physical());
    println!("compact: {}", revision(client.compact(10, options).await?.header()));
    say("compact again", client.compact(10, None).await);
    say("compact the future", client.compact(9999, None).await);
    say("get what is compacted", client.get("a/1", Some(GetOptions::new().with_revision(5))).await);
    let mut watch = client.watch("a/", Some(WatchOptions::new().with_prefix().with_start_revision(2))).await?;
    next(&mut watch).await?;
    next(&mut watch).await
}

async fn maintenance(client: &mut Client) -> Result<(), Error> {
    let status = client.status().await?;
    let leads = status.header().map(ResponseHeader::member_id) == Some(status.leader());
    println!("status: 3.{} leads {leads} {:?}", status.version().split('.').nth(1).unwrap_or("?"), status.errors());
    println!(
        "member: {:?}",
        client.member_list().await?.members().iter().map(|m| m.name().to_owned()).collect::<Vec<_>>()
    );
    println!("alarms: {}", client.alarm(AlarmAction::Get, AlarmType::None, None).await?.alarms().len());
    let hash = client.hash_kv(0).await?;
    println!("hash: {} compacted {}", revision(hash.header()), hash.compact_version());
    client.defragment().await?;
    let mut snapshot = client.snapshot().await?;
    let (mut size, mut left) = (0, u64::MAX);
    while let Some(part) = snapshot.message().await? {
        size += part.blob().len();
        left = part.remaining_bytes();
    }
    println!("snapshot: something {} left {left}", size > 0);
    println!("at the end: {}", revision(client.get("a/1", None).await?.header()));
    Ok(())
}

async fn next(watch: &mut WatchStream) -> Result<(), Error> {
    match watch.message().await? {
        Some(message) => println!("watch: {}", events(&message)),
        None => println!("watch: ended"),
    }
    Ok(())
}

fn events(message: &WatchResponse) -> String {
    let events: Vec<_> = message
        .events()
        .iter()
        .map(|event| format!("{:?} {} before {}", event.event_type(), version(event.kv()), version(event.prev_kv())))
        .collect();
    format!(
        "{} at {} created {} cancelled {} compacted {} {:?} {events:?}",
        message.watch_id(),
        revision(message.header()),
        message.created(),
        message.canceled(),
        message.compact_revision(),
        message.cancel_reason(),
    )
}

fn outcome(txn: &TxnResponse) -> String {
    let results: Vec<_> = txn
        .op_responses()
        .iter()
        .map(|result| match result {
            TxnOpResponse::Put(put) => format!("put at {}", revision(put.header())),
            TxnOpResponse::Get(page) => {
                format!("got {:?}", page.kvs().iter().map(|kv| version(Some(kv))).collect::<Vec<_>>())
            }
            TxnOpResponse::Delete(gone) => format!("deleted {}", gone.deleted()),
            TxnOpResponse::Txn(inside) => outcome(inside),
        })
        .collect();
    format!("{} at {} {results:?}", txn.succeeded(), revision(txn.header()))
}

fn revision(header: Option<&ResponseHeader>) -> i64 {
    header.map_or(0, ResponseHeader::revision)
}

fn version(kv: Option<&KeyValue>) -> String {
    let Some(kv) = kv else { return "none".to_owned() };
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (made, changed, version) = (kv.create_revision(), kv.mod_revision(), kv.version());
    format!("{}={} {made}/{changed}/{version}/{}", text(kv.key()), text(kv.value()), kv.lease())
}

/// Prints the error that is expected.
fn say<T>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Ok(_) => println!("{what}: no error"),
        Err(error) => println!("{what}: {error}"),
    }
}
