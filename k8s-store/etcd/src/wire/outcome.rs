use k8s_store::{OpResult, Page, Revision, TxnOutcome};
use k8s_store_etcd_proto::etcdserverpb::response_op::Response;
use k8s_store_etcd_proto::etcdserverpb::{ResponseOp, TxnResponse};

use super::{key_value, page, revision};

/// What a transaction did; none if the answer lacks a result.
pub(crate) fn outcome(answer: TxnResponse) -> Option<TxnOutcome> {
    let revision = revision(answer.header);
    within(answer, revision)
}

/// etcd tells the revision once, outermost.
fn within(answer: TxnResponse, revision: Revision) -> Option<TxnOutcome> {
    let results = answer.responses.into_iter().map(|response| result(response, revision)).collect::<Option<_>>()?;
    Some(TxnOutcome { succeeded: answer.succeeded, revision, results })
}

fn result(response: ResponseOp, revision: Revision) -> Option<OpResult> {
    Some(match response.response? {
        Response::ResponsePut(put) => OpResult::Put { prev: put.prev_kv.map(key_value) },
        Response::ResponseDeleteRange(delete) => OpResult::Delete {
            deleted: delete.deleted as u64,
            prev: delete.prev_kvs.into_iter().map(key_value).collect(),
        },
        // etcd tells which writes of the transaction came before this read; to the store they are one revision.
        Response::ResponseRange(range) => OpResult::Range(Page { revision, ..page(range) }),
        Response::ResponseTxn(txn) => OpResult::Txn(within(txn, revision)?),
    })
}
