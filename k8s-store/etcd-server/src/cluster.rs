use std::sync::Arc;

use k8s_store::Revision;
use k8s_store_etcd_proto::etcdserverpb::cluster_server::Cluster;
use k8s_store_etcd_proto::etcdserverpb::{
    Member, MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse, MemberPromoteRequest,
    MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest, MemberUpdateResponse,
};
use tonic::{Request, Response, Status};

use crate::node::Node;
use crate::status;

/// The cluster, which has one member and stays so.
#[derive(Debug)]
pub(crate) struct ClusterService(pub(crate) Arc<Node>);

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_add(&self, _: Request<MemberAddRequest>) -> Result<Response<MemberAddResponse>, Status> {
        Err(status::unsupported("a second member"))
    }

    async fn member_remove(
        &self,
        request: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        self.is_me(request.into_inner().id)?;
        Err(status::unsupported("removing the only member"))
    }

    async fn member_update(
        &self,
        request: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        self.is_me(request.into_inner().id)?;
        Err(status::unsupported("an address for other members"))
    }

    async fn member_list(&self, _: Request<MemberListRequest>) -> Result<Response<MemberListResponse>, Status> {
        // The list of members is not in the store, so it has none of its revisions.
        let header = Some(self.0.header(Revision::ZERO));
        let me = Member {
            id: self.0.member_id(),
            name: self.0.name.clone(),
            peer_ur_ls: Vec::new(),
            client_ur_ls: self.0.client_urls.clone(),
            is_learner: false,
        };
        Ok(Response::new(MemberListResponse { header, members: vec![me] }))
    }

    async fn member_promote(
        &self,
        request: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        self.is_me(request.into_inner().id)?;
        Err(Status::failed_precondition("etcdserver: can only promote a learner member"))
    }
}

impl ClusterService {
    fn is_me(&self, id: u64) -> Result<(), Status> {
        if id == self.0.member_id() { Ok(()) } else { Err(status::member_not_found()) }
    }
}
