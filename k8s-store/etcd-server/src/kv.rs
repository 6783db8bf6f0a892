use std::sync::Arc;

use k8s_store::{Op, OpResult, Revision, Txn, TxnOutcome};
use k8s_store_etcd_proto::etcdserverpb::kv_server::Kv;
use k8s_store_etcd_proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, RangeResponse, TxnRequest, TxnResponse,
};
use tonic::{Request, Response, Status};

use crate::node::Node;
use crate::status::{self, status};
use crate::wire::{self, Read, Step};

/// Keys and values.
#[derive(Debug)]
pub(crate) struct KvService(pub(crate) Arc<Node>);

#[tonic::async_trait]
impl Kv for KvService {
    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        self.0.range(request.into_inner()).await.map(Response::new)
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let request = self.sized(request.into_inner())?;
        let (revision, result) = self.one(wire::put(request)?.into()).await?;
        let prev = if let Some(OpResult::Put { prev }) = result { prev } else { None };
        Ok(Response::new(wire::put_response(prev, self.0.header(revision))))
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        let request = self.sized(request.into_inner())?;
        let (revision, result) = self.one(wire::delete(request)?.into()).await?;
        let (deleted, prev) = match result {
            Some(OpResult::Delete { deleted, prev }) => (deleted, prev),
            _ => (0, Vec::new()),
        };
        Ok(Response::new(wire::delete_response(deleted, prev, self.0.header(revision))))
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let Step { txn, answer } = Step::decode(self.sized(request.into_inner())?)?;
        let outcome = self.0.store.txn(txn).await.map_err(status)?;
        let header = self.0.header(outcome.revision);
        Ok(Response::new(answer.encode(outcome, header)))
    }

    async fn compact(&self, request: Request<CompactionRequest>) -> Result<Response<CompactionResponse>, Status> {
        let revision = u64::try_from(request.into_inner().revision).unwrap_or(0);
        self.0.store.compact(Revision(revision)).await.map_err(status)?;
        Ok(Response::new(CompactionResponse { header: Some(self.0.header_now().await?) }))
    }
}

impl Node {
    pub(crate) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        let (range, options, answer) = Read::decode(request)?.split();
        let page = self.store.range(range, options).await.map_err(status)?;
        let header = self.header(page.revision);
        Ok(answer.encode(page, header))
    }
}

impl KvService {
    async fn one(&self, op: Op) -> Result<(Revision, Option<OpResult>), Status> {
        let TxnOutcome { revision, results, .. } = self.0.store.txn(Txn::always(op)).await.map_err(status)?;
        Ok((revision, results.into_iter().next()))
    }

    fn sized<M: prost::Message>(&self, request: M) -> Result<M, Status> {
        if request.encoded_len() > self.0.max_request_bytes {
            return Err(status::request_too_large());
        }
        Ok(request)
    }
}
