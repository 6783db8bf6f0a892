mod follower;
mod fragments;
mod progress;
mod session;

use std::sync::Arc;

use k8s_store_etcd_proto::etcdserverpb::WatchRequest;
use k8s_store_etcd_proto::etcdserverpb::watch_server::Watch;
use tonic::{Request, Response, Status, Streaming};

use crate::node::Node;
use session::Session;

/// Watches: many of them on each stream.
#[derive(Debug)]
pub(crate) struct WatchService(pub(crate) Arc<Node>);

#[tonic::async_trait]
impl Watch for WatchService {
    type WatchStream = Session;

    async fn watch(&self, request: Request<Streaming<WatchRequest>>) -> Result<Response<Session>, Status> {
        Ok(Response::new(Session::new(Arc::clone(&self.0), request.into_inner())))
    }
}
