use k8s_store::{Compare, Delete, Field, LeaseId, Op, Operand, Put, Relation, Txn};
use k8s_store_etcd_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use k8s_store_etcd_proto::etcdserverpb::request_op::Request;
use k8s_store_etcd_proto::etcdserverpb::{self as pb, DeleteRangeRequest, PutRequest, RequestOp, TxnRequest};

use super::{ends, range_request};

pub(crate) fn txn(txn: &Txn) -> TxnRequest {
    TxnRequest {
        compare: txn.compares.iter().map(compare).collect(),
        success: txn.then.iter().map(op).collect(),
        failure: txn.otherwise.iter().map(op).collect(),
    }
}

fn op(op: &Op) -> RequestOp {
    let request = match op {
        Op::Put(one) => Request::RequestPut(put(one)),
        Op::Delete(one) => Request::RequestDeleteRange(delete(one)),
        Op::Range(range, options) => Request::RequestRange(range_request(range, *options)),
        Op::Txn(inner) => Request::RequestTxn(txn(inner)),
    };
    RequestOp { request: Some(request) }
}

fn put(put: &Put) -> PutRequest {
    let (value, ignore_value) = match &put.value {
        Field::Set(value) => (value.clone(), false),
        Field::Keep => (bytes::Bytes::new(), true),
    };
    let (lease, ignore_lease) = match put.lease {
        Field::Set(lease) => (number(lease), false),
        Field::Keep => (0, true),
    };
    PutRequest { key: put.key.clone(), value, lease, prev_kv: put.prev, ignore_value, ignore_lease }
}

fn delete(delete: &Delete) -> DeleteRangeRequest {
    let (key, range_end) = ends(&delete.range);
    DeleteRangeRequest { key, range_end, prev_kv: delete.prev }
}

fn compare(compare: &Compare) -> pb::Compare {
    let (key, range_end) = ends(&compare.range);
    let result = match compare.relation {
        Relation::Equal => CompareResult::Equal,
        Relation::NotEqual => CompareResult::NotEqual,
        Relation::Less => CompareResult::Less,
        Relation::Greater => CompareResult::Greater,
    };
    let (target, union) = match &compare.operand {
        Operand::Value(value) => (CompareTarget::Value, TargetUnion::Value(value.clone())),
        Operand::Version(version) => (CompareTarget::Version, TargetUnion::Version(*version as i64)),
        Operand::CreateRevision(revision) => (CompareTarget::Create, TargetUnion::CreateRevision(revision.0 as i64)),
        Operand::ModRevision(revision) => (CompareTarget::Mod, TargetUnion::ModRevision(revision.0 as i64)),
        Operand::Lease(lease) => (CompareTarget::Lease, TargetUnion::Lease(number(*lease))),
    };
    pb::Compare { result: result.into(), target: target.into(), key, range_end, target_union: Some(union) }
}

fn number(lease: Option<LeaseId>) -> i64 {
    lease.map_or(0, LeaseId::get)
}
