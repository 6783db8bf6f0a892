//! Every shape of call that a kube-apiserver of v1.36 makes, from its start to its compactions.

use k8s_store_etcd_proto::etcdserverpb::request_op::Request;
use k8s_store_etcd_proto::etcdserverpb::{
    CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest, PutRequest, RangeRequest, StatusRequest,
    TxnRequest, WatchCreateRequest, compare as wire,
};

use super::script::{create, op, put};
use super::{Script, compare};

const PREFIX: &str = "/registry/pods/";
const PREFIX_END: &str = "/registry/pods0";

fn get(key: &str) -> RangeRequest {
    RangeRequest { key: key.to_owned().into(), limit: 1, ..RangeRequest::default() }
}

fn list() -> RangeRequest {
    RangeRequest { key: PREFIX.into(), range_end: PREFIX_END.into(), ..RangeRequest::default() }
}

fn unchanged(key: &str, revision: i64) -> Compare {
    let target_union = Some(wire::TargetUnion::ModRevision(revision));
    let target = wire::CompareTarget::Mod.into();
    Compare { key: key.to_owned().into(), target, target_union, ..Compare::default() }
}

fn optimistic_put(key: &str, value: &str, seen: i64, lease: i64, read: bool) -> TxnRequest {
    let failure = if read { vec![op(Request::RequestRange(get(key)))] } else { vec![] };
    let success = vec![op(Request::RequestPut(PutRequest { lease, ..put(key, value) }))];
    TxnRequest { compare: vec![unchanged(key, seen)], success, failure }
}

fn optimistic_delete(key: &str, seen: i64) -> TxnRequest {
    let delete = DeleteRangeRequest { key: key.to_owned().into(), ..DeleteRangeRequest::default() };
    TxnRequest {
        compare: vec![unchanged(key, seen)],
        success: vec![op(Request::RequestDeleteRange(delete))],
        failure: vec![op(Request::RequestRange(get(key)))],
    }
}

/// The compactor's claim: whoever moves the counter compacts.
fn claim(version: i64, revision: i64) -> TxnRequest {
    let compare = Compare {
        key: "compact_rev_key".into(),
        target: wire::CompareTarget::Version.into(),
        target_union: Some(wire::TargetUnion::Version(version)),
        ..Compare::default()
    };
    TxnRequest {
        compare: vec![compare],
        success: vec![op(Request::RequestPut(put("compact_rev_key", &revision.to_string())))],
        failure: vec![op(Request::RequestRange(RangeRequest {
            key: "compact_rev_key".into(),
            ..RangeRequest::default()
        }))],
    }
}

async fn apiserver(script: Script) {
    let kv = || script.client.kv();
    // Is etcd there, is it healthy, and may its requested progress be trusted?
    let status = script.client.maintenance().status(StatusRequest {}).await.unwrap().into_inner();
    script.said.note(&format!("version {}", status.version));
    assert!(status.db_size >= 0 && status.leader != 0 && status.leader == status.header.unwrap().member_id);
    script.note("health", kv().range(RangeRequest { key: "/registry/health".into(), ..Default::default() }).await);

    // Objects come, change and go.
    let (a, b) = ("/registry/pods/default/a", "/registry/pods/default/b");
    script.note("create", kv().txn(optimistic_put(a, "a1", 0, 0, false)).await);
    script.note("create again", kv().txn(optimistic_put(a, "a1", 0, 0, false)).await);
    script.note("update", kv().txn(optimistic_put(a, "a2", 2, 0, true)).await);
    script.note("update of what changed", kv().txn(optimistic_put(a, "a3", 2, 0, true)).await);
    script.note("lease", script.client.lease().lease_grant(LeaseGrantRequest { ttl: 3660, id: 77 }).await);
    script.note("event", kv().txn(optimistic_put(b, "b1", 0, 77, false)).await);
    script.note("get", kv().range(get(a)).await);
    script.note("get at", kv().range(RangeRequest { revision: 2, ..get(a) }).await);
    script.note("get nothing", kv().range(get("/registry/pods/default/c")).await);

    // Lists: whole, paged at one revision, counted, keys alone.
    script.note("list", kv().range(list()).await);
    script.note("page", kv().range(RangeRequest { limit: 1, ..list() }).await);
    let rest = RangeRequest { key: format!("{a}\0").into(), limit: 1, revision: 4, ..list() };
    script.note("next page", kv().range(rest).await);
    script.note("count", kv().range(RangeRequest { count_only: true, ..list() }).await);
    script.note("keys", kv().range(RangeRequest { keys_only: true, ..list() }).await);

    // The watch cache follows from its list on, and asks for progress when it has to be sure.
    let mut stream = script.client.watch().await;
    stream.send(create(WatchCreateRequest {
        key: PREFIX.into(),
        range_end: PREFIX_END.into(),
        start_revision: 5,
        prev_kv: true,
        progress_notify: true,
        ..WatchCreateRequest::default()
    }));
    script.said.note(&format!("watch {:?}", stream.next().await));
    script.note("update", kv().txn(optimistic_put(a, "a4", 3, 0, true)).await);
    script.note("delete", kv().txn(optimistic_delete(b, 4)).await);
    script.note("delete of what is gone", kv().txn(optimistic_delete(b, 4)).await);
    for event in stream.events(2).await {
        script.said.note(&event);
    }
    script.note("elsewhere", kv().txn(optimistic_put("/registry/x", "x", 0, 0, false)).await);
    script.said.note(&format!("progress {:?}", stream.progress().await));

    // The compactor, here and on another API server.
    script.note("claim", kv().txn(claim(0, 1)).await);
    script.note("claim", kv().txn(claim(1, 7)).await);
    script.note("late claim", kv().txn(claim(1, 7)).await);
    let compact = CompactionRequest { revision: 7, physical: false };
    script.note("compact", kv().compact(compact).await);
    script.note("list of the forgotten", kv().range(RangeRequest { revision: 6, ..list() }).await);
    script.note("compact again", kv().compact(compact).await);
    let mut stream = script.client.watch().await;
    stream.send(create(WatchCreateRequest {
        key: "compact_rev_key".into(),
        start_revision: 9,
        ..WatchCreateRequest::default()
    }));
    script.said.note(&format!("watch of the claims {:?}", stream.next().await));
    for event in stream.events(1).await {
        script.said.note(&event);
    }
}

#[test]
fn recorded_calls_of_kube_apiserver() {
    compare("kube-apiserver", apiserver);
}
