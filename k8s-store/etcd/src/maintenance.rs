use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use k8s_store::{Error, Hash, Maintenance, Revision, Snapshot};
use k8s_store_etcd_proto::etcdserverpb::maintenance_client::MaintenanceClient;
use k8s_store_etcd_proto::etcdserverpb::{DefragmentRequest, HashKvRequest, RangeRequest, SnapshotRequest};
use tonic::Status;

use crate::call::{Attempt, Kind, kv};
use crate::failure::{Failure, Refusal, Verdict, verdict};
use crate::net::Line;
use crate::{Etcd, wire};

fn client(line: Line) -> MaintenanceClient<Line> {
    MaintenanceClient::new(line).max_decoding_message_size(usize::MAX)
}

/// What etcd offers: a snapshot holds at least the revision that it tells, and more if writes went on; a hash is over
/// the history that is held too, so it is equal between members but changes with compaction. Closing closes the
/// connection, not etcd.
#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Maintenance for Etcd {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        // Reading through the member that will be copied makes it catch up with all that was answered before.
        let attempt: Attempt<RangeRequest, _> = |line, request| {
            Box::pin(async move {
                let (metadata, extensions, request) = request.into_parts();
                let copy = tonic::Request::from_parts(metadata.clone(), extensions.clone(), SnapshotRequest {});
                let range = tonic::Request::from_parts(metadata, extensions, request);
                let now = wire::revision(kv(line.clone()).range(range).await?.into_inner().header);
                let pieces = client(line).snapshot(copy).await?;
                Ok(pieces.map(|pieces| (now, pieces)))
            })
        };
        let request = RangeRequest { key: Bytes::from_static(&[0]), count_only: true, ..RangeRequest::default() };
        let (revision, pieces) = self.calls.call(Kind::Read, request, attempt).await?;
        Ok(Snapshot::new(revision, pieces.map_ok(|piece| piece.blob).map_err(broken)))
    }

    async fn defragment(&self) -> Result<(), Error> {
        self.calls.open()?;
        // Each member has a disk of its own.
        for endpoint in self.calls.pool.endpoints() {
            let unavailable = |error| Error::Unavailable { source: Arc::new(error) };
            let line = self.calls.pool.line_to(endpoint).await.map_err(unavailable)?;
            let (request, _) = self.calls.request(&line, DefragmentRequest {}).await.map_err(broken)?;
            client(line).defragment(request).await.map_err(broken)?;
        }
        Ok(())
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        let attempt: Attempt<_, _> = |line, request| Box::pin(async move { client(line).hash_kv(request).await });
        let request = HashKvRequest { revision: revision.map_or(0, |revision| revision.0 as i64) };
        match self.calls.call(Kind::Read, request, attempt).await {
            Ok(answer) => Ok(Hash {
                revision: revision.filter(|asked| !asked.is_zero()).unwrap_or(wire::revision(answer.header)),
                oldest: Revision(u64::try_from(answer.compact_revision).unwrap_or(0)).max(Revision::FIRST),
                hash: answer.hash,
            }),
            Err(failure) => Err(self.about_revision(failure, revision, &Bytes::from_static(&[0])).await),
        }
    }

    async fn close(&self) -> Result<(), Error> {
        self.calls.close().await;
        Ok(())
    }
}

/// The error for a call that is not made again.
fn broken(status: Status) -> Error {
    match verdict(&status) {
        Verdict::Final(refusal) => Failure::from(refusal).into(),
        Verdict::BadToken => Failure::from(Refusal::Denied(status.message().to_owned())).into(),
        Verdict::NotDone | Verdict::Unknown => Error::Unavailable { source: Arc::new(status) },
    }
}
