use bytes::Bytes;
use k8s_store::{
    Compare, Delete, Field, KeyValue, LeaseId, Op, OpResult, Operand, Put, Relation, Revision, Txn, TxnOutcome,
};
use k8s_store_etcd_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use k8s_store_etcd_proto::etcdserverpb::request_op::Request;
use k8s_store_etcd_proto::etcdserverpb::response_op::Response;
use k8s_store_etcd_proto::etcdserverpb::{
    self as pb, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RequestOp, ResponseHeader,
    ResponseOp, TxnRequest, TxnResponse,
};
use tonic::Status;

use super::range::Answer;
use super::{Read, key_range, key_value};
use crate::status;

/// How many comparisons, or operations of one branch, a transaction may have, those inside included.
const MAX_OPS: usize = 128;

/// A transaction as the store runs it, and what is done with its results.
pub(crate) struct Step {
    pub(crate) txn: Txn,
    pub(crate) answer: Branches,
}

/// What is done with the results of the two branches.
pub(crate) struct Branches {
    then: Vec<Encode>,
    otherwise: Vec<Encode>,
}

enum Encode {
    Change,
    Read(Answer),
    Txn(Branches),
}

/// # Errors
/// What etcd refuses whatever it holds.
pub(crate) fn put(request: PutRequest) -> Result<Put, Status> {
    if request.key.is_empty() {
        return Err(status::empty_key());
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(status::value_provided());
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(status::lease_provided());
    }
    Ok(Put {
        key: alone(&request.key),
        value: if request.ignore_value { Field::Keep } else { Field::Set(alone(&request.value)) },
        lease: if request.ignore_lease { Field::Keep } else { Field::Set(LeaseId::new(request.lease)) },
        prev: request.prev_kv,
    })
}

/// A copy for the store to keep: what came in a request is part of the buffer that it was read into, several times as
/// large, which would live as long.
fn alone(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// # Errors
/// What etcd refuses whatever it holds.
pub(crate) fn delete(request: DeleteRangeRequest) -> Result<Delete, Status> {
    if request.key.is_empty() {
        return Err(status::empty_key());
    }
    Ok(Delete { range: key_range(request.key, request.range_end), prev: request.prev_kv })
}

impl Step {
    /// # Errors
    /// What etcd refuses whatever it holds.
    pub(crate) fn decode(request: TxnRequest) -> Result<Self, Status> {
        let step = Self::decode_within(request, MAX_OPS)?;
        // All else that could be wrong has been looked at.
        step.txn.check().map_err(|_| status::duplicate_key())?;
        Ok(step)
    }

    fn decode_within(request: TxnRequest, most: usize) -> Result<Self, Status> {
        let TxnRequest { compare, success, failure } = request;
        let ops = compare.len().max(success.len()).max(failure.len());
        let left = most.checked_sub(ops).ok_or_else(status::too_many_ops)?;
        if compare.iter().any(|compare| compare.key.is_empty()) {
            return Err(status::empty_key());
        }
        let compares = compare.into_iter().filter_map(comparison).collect();
        let (then, for_then) = branch(success, left)?;
        let (otherwise, for_otherwise) = branch(failure, left)?;
        let txn = Txn { compares, then, otherwise };
        Ok(Self { txn, answer: Branches { then: for_then, otherwise: for_otherwise } })
    }
}

fn branch(requests: Vec<RequestOp>, left: usize) -> Result<(Vec<Op>, Vec<Encode>), Status> {
    let mut ops = Vec::with_capacity(requests.len());
    let mut encodes = Vec::with_capacity(requests.len());
    for RequestOp { request } in requests {
        let (op, encode) = match request {
            Some(Request::RequestRange(request)) => {
                let (range, options, answer) = Read::decode(request)?.split();
                (Op::Range(range, options), Encode::Read(answer))
            }
            Some(Request::RequestPut(request)) => (put(request)?.into(), Encode::Change),
            Some(Request::RequestDeleteRange(request)) => (delete(request)?.into(), Encode::Change),
            Some(Request::RequestTxn(request)) => {
                let step = Step::decode_within(request, left)?;
                (step.txn.into(), Encode::Txn(step.answer))
            }
            // This is what etcd says of an operation that is none.
            None => return Err(status::key_not_found()),
        };
        ops.push(op);
        encodes.push(encode);
    }
    Ok((ops, encodes))
}

/// The comparison; none if it holds whatever the key is.
fn comparison(compare: pb::Compare) -> Option<Compare> {
    let relation = match CompareResult::try_from(compare.result).ok()? {
        CompareResult::Equal => Relation::Equal,
        CompareResult::NotEqual => Relation::NotEqual,
        CompareResult::Less => Relation::Less,
        CompareResult::Greater => Relation::Greater,
    };
    let target = CompareTarget::try_from(compare.target).ok()?;
    let range = key_range(compare.key, compare.range_end);
    let union = compare.target_union;
    let operand = match target {
        CompareTarget::Value => Operand::Value(match union {
            Some(TargetUnion::Value(value)) => value,
            _ => Bytes::new(),
        }),
        CompareTarget::Lease => Operand::Lease(match union {
            Some(TargetUnion::Lease(lease)) => LeaseId::new(lease),
            _ => None,
        }),
        CompareTarget::Version | CompareTarget::Create | CompareTarget::Mod => {
            let number = match (target, union) {
                (CompareTarget::Version, Some(TargetUnion::Version(number)))
                | (CompareTarget::Create, Some(TargetUnion::CreateRevision(number)))
                | (CompareTarget::Mod, Some(TargetUnion::ModRevision(number))) => number,
                _ => 0,
            };
            match u64::try_from(number) {
                Ok(number) => counted(target, number),
                // All that is counted is greater than what is negative.
                Err(_) if matches!(relation, Relation::Greater | Relation::NotEqual) => return None,
                Err(_) => return Some(Compare { range, relation: Relation::Less, operand: counted(target, 0) }),
            }
        }
    };
    Some(Compare { range, relation, operand })
}

fn counted(target: CompareTarget, number: u64) -> Operand {
    match target {
        CompareTarget::Create => Operand::CreateRevision(Revision(number)),
        CompareTarget::Mod => Operand::ModRevision(Revision(number)),
        _ => Operand::Version(number),
    }
}

impl Branches {
    pub(crate) fn encode(self, outcome: TxnOutcome, header: ResponseHeader) -> TxnResponse {
        let revision = if wrote(&outcome) { outcome.revision.previous() } else { outcome.revision };
        self.encode_within(outcome, header, &mut Seen { revision })
    }

    fn encode_within(self, outcome: TxnOutcome, header: ResponseHeader, seen: &mut Seen) -> TxnResponse {
        let branch = if outcome.succeeded { self.then } else { self.otherwise };
        let responses = branch.into_iter().zip(outcome.results);
        TxnResponse {
            header: Some(header),
            succeeded: outcome.succeeded,
            responses: responses.map(|(encode, result)| response(encode, result, outcome.revision, seen)).collect(),
        }
    }
}

/// What etcd tells the operations inside a transaction: the revision as it was when their turn came.
struct Seen {
    revision: Revision,
}

impl Seen {
    fn header(&self) -> ResponseHeader {
        ResponseHeader { revision: self.revision.0 as i64, ..ResponseHeader::default() }
    }
}

fn wrote(outcome: &TxnOutcome) -> bool {
    outcome.results.iter().any(|result| match result {
        OpResult::Put { .. } => true,
        OpResult::Delete { deleted, .. } => *deleted > 0,
        OpResult::Range(_) => false,
        OpResult::Txn(inner) => wrote(inner),
    })
}

fn response(encode: Encode, result: OpResult, revision: Revision, seen: &mut Seen) -> ResponseOp {
    let response = match (encode, result) {
        (Encode::Read(answer), OpResult::Range(page)) => Response::ResponseRange(answer.encode(page, seen.header())),
        (Encode::Txn(branches), OpResult::Txn(outcome)) => {
            // Of a transaction inside not even the revision is told.
            Response::ResponseTxn(branches.encode_within(outcome, ResponseHeader::default(), seen))
        }
        (Encode::Change, OpResult::Put { prev }) => {
            seen.revision = revision;
            Response::ResponsePut(put_response(prev, seen.header()))
        }
        (Encode::Change, OpResult::Delete { deleted, prev }) => {
            if deleted > 0 {
                seen.revision = revision;
            }
            Response::ResponseDeleteRange(delete_response(deleted, prev, seen.header()))
        }
        // No store answers one operation with the result of another.
        _ => return ResponseOp { response: None },
    };
    ResponseOp { response: Some(response) }
}

pub(crate) fn put_response(prev: Option<KeyValue>, header: ResponseHeader) -> PutResponse {
    PutResponse { header: Some(header), prev_kv: prev.map(key_value) }
}

pub(crate) fn delete_response(deleted: u64, prev: Vec<KeyValue>, header: ResponseHeader) -> DeleteRangeResponse {
    let prev_kvs = prev.into_iter().map(key_value).collect();
    DeleteRangeResponse { header: Some(header), deleted: deleted as i64, prev_kvs }
}
