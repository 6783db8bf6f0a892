use std::sync::Arc;

use k8s_store_etcd_proto::etcdserverpb::auth_server::Auth;
use k8s_store_etcd_proto::etcdserverpb::{
    AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse, AuthRoleListRequest,
    AuthRoleListResponse, AuthStatusRequest, AuthStatusResponse, AuthUserListRequest, AuthUserListResponse,
    AuthenticateRequest, AuthenticateResponse,
};
use tonic::{Request, Response, Status};

use crate::node::Node;
use crate::status;

/// Authentication, which is not enabled: clients are known by their certificates or not at all.
#[derive(Debug)]
pub(crate) struct AuthService(pub(crate) Arc<Node>);

/// The revision of etcd's table of users when nobody changed it.
const AUTH_REVISION: u64 = 1;

#[tonic::async_trait]
impl Auth for AuthService {
    async fn auth_enable(&self, _: Request<AuthEnableRequest>) -> Result<Response<AuthEnableResponse>, Status> {
        Err(status::unsupported("authentication"))
    }

    async fn auth_disable(&self, _: Request<AuthDisableRequest>) -> Result<Response<AuthDisableResponse>, Status> {
        Ok(Response::new(AuthDisableResponse { header: Some(self.0.header_now().await?) }))
    }

    async fn auth_status(&self, _: Request<AuthStatusRequest>) -> Result<Response<AuthStatusResponse>, Status> {
        let header = Some(self.0.header_now().await?);
        Ok(Response::new(AuthStatusResponse { header, enabled: false, auth_revision: AUTH_REVISION }))
    }

    async fn authenticate(&self, _: Request<AuthenticateRequest>) -> Result<Response<AuthenticateResponse>, Status> {
        Err(status::auth_not_enabled())
    }

    async fn user_list(&self, _: Request<AuthUserListRequest>) -> Result<Response<AuthUserListResponse>, Status> {
        let header = Some(self.0.header_now().await?);
        Ok(Response::new(AuthUserListResponse { header, users: Vec::new() }))
    }

    async fn role_list(&self, _: Request<AuthRoleListRequest>) -> Result<Response<AuthRoleListResponse>, Status> {
        let header = Some(self.0.header_now().await?);
        Ok(Response::new(AuthRoleListResponse { header, roles: Vec::new() }))
    }
}
