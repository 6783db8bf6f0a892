use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use k8s_store::Revision;
use k8s_store_etcd_proto::etcdserverpb::maintenance_server::Maintenance;
use k8s_store_etcd_proto::etcdserverpb::{
    AlarmRequest, AlarmResponse, DefragmentRequest, DefragmentResponse, HashKvRequest, HashKvResponse, HashRequest,
    HashResponse, MoveLeaderRequest, MoveLeaderResponse, SnapshotRequest, SnapshotResponse, StatusRequest,
    StatusResponse,
};
use tonic::{Request, Response, Status};

use crate::node::Node;
use crate::snapshot;
use crate::status::{self, status};

/// The version of etcd whose behaviour this server has. From 3.5.13 on kube-apiserver trusts requested progress.
const VERSION: &str = "3.5.30";

/// What operators ask.
#[derive(Debug)]
pub(crate) struct MaintenanceService(pub(crate) Arc<Node>);

#[tonic::async_trait]
impl Maintenance for MaintenanceService {
    type SnapshotStream = BoxStream<'static, Result<SnapshotResponse, Status>>;

    async fn alarm(&self, _: Request<AlarmRequest>) -> Result<Response<AlarmResponse>, Status> {
        Ok(Response::new(AlarmResponse { header: Some(self.0.header_now().await?), alarms: Vec::new() }))
    }

    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let now = self.0.store.status().await.map_err(status)?;
        let header = self.0.header(now.revision);
        Ok(Response::new(StatusResponse {
            version: VERSION.to_owned(),
            db_size: now.size as i64,
            db_size_in_use: now.size_in_use as i64,
            leader: header.member_id,
            // There is no log but the store's own: each revision is one entry, applied.
            raft_index: now.revision.0,
            raft_applied_index: now.revision.0,
            raft_term: header.raft_term,
            errors: Vec::new(),
            is_learner: false,
            header: Some(header),
        }))
    }

    async fn defragment(&self, _: Request<DefragmentRequest>) -> Result<Response<DefragmentResponse>, Status> {
        self.0.store.defragment().await.map_err(status)?;
        Ok(Response::new(DefragmentResponse { header: Some(self.0.header_now().await?) }))
    }

    async fn hash(&self, _: Request<HashRequest>) -> Result<Response<HashResponse>, Status> {
        let hash = self.0.store.hash(None).await.map_err(status)?;
        Ok(Response::new(HashResponse { header: Some(self.0.header(hash.revision)), hash: hash.hash }))
    }

    async fn hash_kv(&self, request: Request<HashKvRequest>) -> Result<Response<HashKvResponse>, Status> {
        let asked = u64::try_from(request.into_inner().revision).ok().filter(|revision| *revision > 0);
        let hash = self.0.store.hash(asked.map(Revision)).await.map_err(status)?;
        // A store that never forgot anything starts at revision 1; etcd says that nothing is compacted with -1.
        let compacted = if hash.oldest <= Revision::FIRST { -1 } else { hash.oldest.0 as i64 };
        Ok(Response::new(HashKvResponse {
            header: Some(self.0.header_now().await?),
            hash: hash.hash,
            compact_revision: compacted,
            hash_revision: hash.revision.0 as i64,
        }))
    }

    async fn snapshot(&self, _: Request<SnapshotRequest>) -> Result<Response<Self::SnapshotStream>, Status> {
        let snapshot = self.0.store.snapshot().await.map_err(status)?;
        let header = self.0.header(snapshot.revision());
        let answers = snapshot::sealed(snapshot).map(move |piece| {
            let snapshot::Piece { blob, remaining } = piece.map_err(status)?;
            Ok(SnapshotResponse { header: Some(header), remaining_bytes: remaining, blob })
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn move_leader(&self, _: Request<MoveLeaderRequest>) -> Result<Response<MoveLeaderResponse>, Status> {
        Err(status::bad_leader_transferee())
    }
}
