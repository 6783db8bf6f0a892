//! What clients may ask, right and wrong.

use bytes::Bytes;
use k8s_store_etcd_proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use k8s_store_etcd_proto::etcdserverpb::request_op::Request;
use k8s_store_etcd_proto::etcdserverpb::watch_create_request::FilterType;
use k8s_store_etcd_proto::etcdserverpb::watch_request::RequestUnion;
use k8s_store_etcd_proto::etcdserverpb::{
    CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest, LeaseKeepAliveRequest, LeaseRevokeRequest,
    LeaseTimeToLiveRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCancelRequest, WatchCreateRequest,
    WatchProgressRequest, WatchRequest, compare,
};

use super::{Script, compare};

pub(crate) fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), ..PutRequest::default() }
}

pub(super) fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

pub(super) fn create(request: WatchCreateRequest) -> WatchRequest {
    WatchRequest { request_union: Some(RequestUnion::CreateRequest(request)) }
}

pub(crate) fn progress() -> WatchRequest {
    WatchRequest { request_union: Some(RequestUnion::ProgressRequest(WatchProgressRequest {})) }
}

async fn fill(script: &Script) {
    for (key, value) in [("a/1", "3"), ("a/2", "2"), ("a/3", "1"), ("a/2", "4"), ("b", "x")] {
        script.note("put", script.client.kv().put(put(key, value)).await);
    }
}

async fn ranges(script: Script) {
    fill(&script).await;
    let all = || RangeRequest { key: "a".into(), range_end: "b".into(), ..RangeRequest::default() };
    for order in [SortOrder::None, SortOrder::Ascend, SortOrder::Descend] {
        for target in [SortTarget::Key, SortTarget::Create, SortTarget::Mod, SortTarget::Value] {
            for (limit, keys_only) in [(0, false), (2, false), (2, true)] {
                let (sort_order, sort_target) = (order.into(), target.into());
                let request = RangeRequest { sort_order, sort_target, limit, keys_only, ..all() };
                script.note(&format!("{order:?} {target:?} {limit}"), script.client.kv().range(request).await);
            }
        }
    }
    for request in [
        RangeRequest { min_mod_revision: 4, ..all() },
        RangeRequest { max_mod_revision: 4, limit: 1, ..all() },
        RangeRequest { min_create_revision: 3, max_create_revision: 3, ..all() },
        RangeRequest { count_only: true, limit: 1, ..all() },
        RangeRequest { count_only: true, min_mod_revision: 5, ..all() },
        RangeRequest { revision: 3, ..all() },
        RangeRequest { revision: 1, ..all() },
        RangeRequest { revision: -1, ..all() },
        RangeRequest { revision: 100, ..all() },
        RangeRequest { limit: -1, ..all() },
        RangeRequest { sort_order: 7, ..all() },
        RangeRequest { serializable: true, ..all() },
        RangeRequest { key: "\0".into(), range_end: "\0".into(), ..RangeRequest::default() },
        RangeRequest { key: "a/2".into(), range_end: "\0".into(), keys_only: true, ..RangeRequest::default() },
        RangeRequest { key: "b".into(), range_end: "a".into(), ..RangeRequest::default() },
        RangeRequest::default(),
    ] {
        script.note(&format!("{request:?}"), script.client.kv().range(request).await);
    }
}

#[test]
fn recorded_ranges_on_the_wire() {
    compare("ranges", ranges);
}

fn holds(result: i32, target: i32, union: Option<compare::TargetUnion>) -> Compare {
    Compare { result, target, key: "a/2".into(), range_end: Bytes::new(), target_union: union }
}

async fn writes(script: Script) {
    fill(&script).await;
    let kv = || script.client.kv();
    for request in [
        PutRequest::default(),
        PutRequest { prev_kv: true, ..put("a/1", "new") },
        PutRequest { ignore_value: true, ..put("a/1", "new") },
        PutRequest { ignore_value: true, prev_kv: true, ..put("a/1", "") },
        PutRequest { ignore_value: true, ..put("nothing", "") },
        PutRequest { ignore_lease: true, lease: 3, ..put("a/1", "") },
        PutRequest { ignore_lease: true, ..put("nothing", "") },
        PutRequest { lease: 33, ..put("a/1", "") },
        put("large", &"x".repeat((3 << 19) - 100)),
        put("large", &"x".repeat(3 << 19)),
        put("larger", &"x".repeat(3 << 20)),
    ] {
        let what =
            format!("put {:.20} of {} lease {}", format!("{:?}", request.key), request.value.len(), request.lease);
        script.note(&what, kv().put(request).await);
    }
    let delete = |key: &str, end: &str| DeleteRangeRequest {
        key: key.to_owned().into(),
        range_end: end.to_owned().into(),
        prev_kv: true,
    };
    let range = |key: &str| RangeRequest { key: key.to_owned().into(), ..RangeRequest::default() };
    let write = |key: &str| op(Request::RequestPut(put(key, "in txn")));
    let read = |key: &str| op(Request::RequestRange(range(key)));
    let inner = |success: Vec<RequestOp>, failure: Vec<RequestOp>| {
        op(Request::RequestTxn(TxnRequest { compare: vec![holds(0, 0, None)], success, failure }))
    };
    let always = |success| TxnRequest { success, ..TxnRequest::default() };
    for request in [
        TxnRequest::default(),
        always(vec![read("a/1"), write("n"), read("n"), op(Request::RequestDeleteRange(delete("b", ""))), read("b")]),
        always(vec![op(Request::RequestDeleteRange(delete("nothing", ""))), read("a/1")]),
        always(vec![write("n"), inner(vec![write("m")], vec![write("l"), read("l")]), read("m")]),
        always(vec![write("n"), write("n")]),
        always(vec![write("n"), op(Request::RequestDeleteRange(delete("a", "z")))]),
        always(vec![inner(vec![write("n")], vec![]), write("n")]),
        always(vec![RequestOp { request: None }]),
        always(vec![op(Request::RequestPut(PutRequest::default()))]),
        always(vec![op(Request::RequestPut(PutRequest { lease: 99, ..put("n", "1") }))]),
        always(vec![op(Request::RequestPut(PutRequest { ignore_value: true, ..put("nothing", "") }))]),
        always(vec![read("")]),
        always(vec![op(Request::RequestRange(RangeRequest { revision: 1000, ..range("n") }))]),
        always((0..128).map(|i| write(&format!("many/{i}"))).collect()),
        always((0..129).map(|i| write(&format!("many/{i}"))).collect()),
        always(vec![inner((0..128).map(|i| write(&format!("many/{i}"))).collect(), vec![])]),
        TxnRequest { compare: vec![Compare::default()], ..TxnRequest::default() },
    ] {
        let what = format!("txn of {} {:.40}", request.success.len(), format!("{:?}", request.success));
        script.note(&what, kv().txn(request).await);
    }
    script.note(
        "delete",
        kv().delete_range(delete("many/", "many0")).await.map(|mut answer| {
            answer.get_mut().prev_kvs.truncate(2);
            answer
        }),
    );
    script.note("delete nothing", kv().delete_range(delete("many/", "many0")).await);
    script.note("delete without a key", kv().delete_range(delete("", "b")).await);
}

#[test]
fn recorded_writes_on_the_wire() {
    compare("writes", writes);
}

async fn comparisons(script: Script) {
    fill(&script).await;
    for result in 0..5 {
        for number in [-1, 0, 1, 2, 3, 5] {
            for (target, union) in [
                (0, Some(compare::TargetUnion::Version(number))),
                (1, Some(compare::TargetUnion::CreateRevision(number))),
                (2, Some(compare::TargetUnion::ModRevision(number))),
                (3, Some(compare::TargetUnion::Value(number.to_string().into()))),
                (4, Some(compare::TargetUnion::Lease(number))),
                (2, None),
                (3, None),
            ] {
                let compare = vec![holds(result, target, union)];
                let what = format!("{compare:?}");
                script.note(&what, script.client.kv().txn(TxnRequest { compare, ..TxnRequest::default() }).await);
            }
        }
    }
    let wide = Compare { key: "a/".into(), range_end: "a0".into(), ..holds(1, 0, None) };
    script.note("wide", script.client.kv().txn(TxnRequest { compare: vec![wide], ..TxnRequest::default() }).await);
}

#[test]
fn recorded_comparisons_on_the_wire() {
    compare("comparisons", comparisons);
}

async fn leases(script: Script) {
    let lease = || script.client.lease();
    for (ttl, id) in [(100, 5), (100, 5), (1, 6), (0, 7), (-5, 8), (9_000_000_000, 9), (9_000_000_001, 10)] {
        script.note("grant", lease().lease_grant(LeaseGrantRequest { ttl, id }).await);
    }
    script.note("put", script.client.kv().put(PutRequest { lease: 5, ..put("leased", "1") }).await);
    for id in [5, 4, 0, -1] {
        let request = LeaseTimeToLiveRequest { id, keys: true };
        let mut answer = lease().lease_time_to_live(request).await;
        // A few seconds may have passed.
        if let Ok(answer) = &mut answer
            && (90..100).contains(&answer.get_ref().ttl)
        {
            answer.get_mut().ttl = 100;
        }
        script.note("time to live", answer);
        let kept = lease().lease_keep_alive(tokio_stream_of(LeaseKeepAliveRequest { id })).await;
        let first = match kept {
            Ok(mut kept) => kept.get_mut().message().await.map(tonic::Response::new),
            Err(status) => Err(status),
        };
        script.note("keep alive", first);
        script.note("revoke", lease().lease_revoke(LeaseRevokeRequest { id }).await);
    }
    let gone = RangeRequest { key: "leased".into(), ..RangeRequest::default() };
    script.note("gone", script.client.kv().range(gone).await);
}

fn tokio_stream_of<T: Send + 'static>(one: T) -> impl futures_core::Stream<Item = T> + Send + 'static {
    futures_util::stream::iter([one])
}

#[test]
fn recorded_leases_on_the_wire() {
    compare("leases", leases);
}

async fn watches(script: Script) {
    fill(&script).await;
    let watch = |key: &str, end: &str, from: i64| WatchCreateRequest {
        key: key.to_owned().into(),
        range_end: end.to_owned().into(),
        start_revision: from,
        ..WatchCreateRequest::default()
    };
    let mut stream = script.client.watch().await;
    let puts = vec![FilterType::Nodelete.into()];
    let deletes = vec![FilterType::Noput.into()];
    for request in [
        watch("a/", "a0", 0),
        watch("b", "", 0),
        watch("z", "a", 0),
        WatchCreateRequest { watch_id: 7, prev_kv: true, ..watch("c", "d", 0) },
        WatchCreateRequest { watch_id: 7, ..watch("c", "d", 0) },
        WatchCreateRequest { filters: deletes, ..watch("e", "f", 0) },
        WatchCreateRequest { filters: puts, ..watch("g", "h", 0) },
        watch("", "", 0),
        watch("future", "", 1000),
    ] {
        stream.send(create(request));
        script.said.note(&format!("created {:?}", stream.next().await));
    }
    let kv = || script.client.kv();
    for key in ["a/1", "b", "c", "c", "e", "g", "elsewhere"] {
        kv().put(put(key, "watched")).await.unwrap();
    }
    for event in stream.events(5).await {
        script.said.note(&event);
    }
    for key in ["a/1", "c", "e", "g"] {
        let request = DeleteRangeRequest { key: key.to_owned().into(), ..DeleteRangeRequest::default() };
        kv().delete_range(request).await.unwrap();
    }
    for event in stream.events(3).await {
        script.said.note(&event);
    }
    for id in [1, 99] {
        stream.send(WatchRequest {
            request_union: Some(RequestUnion::CancelRequest(WatchCancelRequest { watch_id: id })),
        });
    }
    script.said.note(&format!("cancelled {:?}", stream.next().await));

    // From the past, and from what is gone.
    kv().compact(CompactionRequest { revision: 8, physical: false }).await.unwrap();
    let mut stream = script.client.watch().await;
    stream.send(create(WatchCreateRequest { prev_kv: true, ..watch("\0", "\0", 8) }));
    script.said.note(&format!("created {:?}", stream.next().await));
    for event in stream.events(9).await.into_iter().skip(1) {
        script.said.note(&event);
    }
    // Progress of all watches together, after what they missed.
    script.said.note(&format!("progress {:?}", stream.progress().await));
    let mut stream = script.client.watch().await;
    stream.send(create(watch("\0", "\0", 7)));
    script.said.note(&format!("created {:?}", stream.next().await));
    let gone = stream.next().await;
    script.said.note(&format!("gone {gone:?}"));
}

#[test]
fn recorded_watches_on_the_wire() {
    compare("watches", watches);
}

/// One transaction of more than two megabytes in pieces, for who wants pieces.
async fn fragments(script: Script) {
    let mut stream = script.client.watch().await;
    let all = WatchCreateRequest { key: "\0".into(), range_end: "\0".into(), ..WatchCreateRequest::default() };
    stream.send(create(WatchCreateRequest { fragment: true, prev_kv: true, ..all }));
    script.said.note(&format!("created {:?}", stream.next().await));
    let value = "x".repeat(120_000);
    for round in 0..2 {
        let ops = (0..12).map(|i| op(Request::RequestPut(put(&format!("{i:02}"), &value)))).collect();
        script.note("txn", script.client.kv().txn(TxnRequest { success: ops, ..TxnRequest::default() }).await);
        let mut left = 12;
        while left > 0 {
            let message = stream.next().await;
            left -= message.events.len();
            script.said.note(&format!("{round}: {} events, fragment {}", message.events.len(), message.fragment));
        }
    }
}

#[test]
fn recorded_fragments_on_the_wire() {
    compare("fragments", fragments);
}

/// To whoever wants it, under the name of its watch, again and again.
#[tokio::test]
async fn progress_comes_at_intervals() {
    let arguments = ["--listen", "http://127.0.0.1:0", "--memory", "--watch-progress-notify-interval", "1"];
    let (_ours, url) = crate::around::serve(&arguments);
    let client = super::Client::connect(&url).await;
    let mut stream = client.watch().await;
    for progress_notify in [false, true] {
        stream.send(create(WatchCreateRequest { key: "a".into(), progress_notify, ..WatchCreateRequest::default() }));
        assert!(stream.next().await.created);
    }
    let revision = client.kv().put(put("elsewhere", "1")).await.unwrap().into_inner().header.unwrap().revision;
    for _ in 0..3 {
        let message = stream.next().await;
        assert_eq!((message.watch_id, message.events.len(), message.header.unwrap().revision), (1, 0, revision));
    }
}
