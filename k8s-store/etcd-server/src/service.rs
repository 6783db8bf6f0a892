use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{FutureExt, TryFutureExt};
use http::{HeaderValue, Request, Response};
use k8s_store_etcd_proto::etcdserverpb::auth_server::AuthServer;
use k8s_store_etcd_proto::etcdserverpb::cluster_server::ClusterServer;
use k8s_store_etcd_proto::etcdserverpb::kv_server::KvServer;
use k8s_store_etcd_proto::etcdserverpb::lease_server::LeaseServer;
use k8s_store_etcd_proto::etcdserverpb::maintenance_server::MaintenanceServer;
use k8s_store_etcd_proto::etcdserverpb::watch_server::WatchServer;
use tonic::Status;
use tonic::body::Body;

use crate::auth::AuthService;
use crate::cluster::ClusterService;
use crate::kv::KvService;
use crate::lease::LeaseService;
use crate::maintenance::MaintenanceService;
use crate::node::Node;
use crate::watch::WatchService;
use crate::{range, status};

/// How much larger a message may be than the largest request, as with etcd.
const OVERHEAD: usize = 512 << 10;

/// All of etcd's services as one, which finds the one that a request is for by its path.
///
/// Requests need a body of a whole gRPC call, as any HTTP/2 server hands them out. It never fails: errors are answers.
#[derive(Clone, Debug)]
pub struct EtcdService {
    kv: KvServer<KvService>,
    watch: WatchServer<WatchService>,
    lease: LeaseServer<LeaseService>,
    cluster: ClusterServer<ClusterService>,
    maintenance: MaintenanceServer<MaintenanceService>,
    auth: AuthServer<AuthService>,
    node: Arc<Node>,
    max_message: usize,
}

impl EtcdService {
    pub(crate) fn new(node: &Arc<Node>) -> Self {
        let max_message = node.max_request_bytes.saturating_add(OVERHEAD);
        let node = || Arc::clone(node);
        Self {
            kv: KvServer::new(KvService(node())).max_decoding_message_size(max_message),
            watch: WatchServer::new(WatchService(node())).max_decoding_message_size(max_message),
            lease: LeaseServer::new(LeaseService(node())),
            cluster: ClusterServer::new(ClusterService(node())),
            maintenance: MaintenanceServer::new(MaintenanceService(node())),
            auth: AuthServer::new(AuthService(node())),
            node: node(),
            max_message,
        }
    }
}

/// An answer, on its way.
type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<B> tower::Service<Request<B>> for EtcdService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answer {
        let mut path = request.uri().path().split('/').skip(1);
        let (service, method) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
        match service {
            // The stub refuses what is compressed, in its own words.
            "etcdserverpb.KV" if method == "Range" && !request.headers().contains_key("grpc-encoding") => {
                let answer = range::call(Arc::clone(&self.node), self.max_message, request);
                too_large_in_go(answer.map(Ok), self.max_message)
            }
            "etcdserverpb.KV" => too_large_in_go(self.kv.call(request), self.max_message),
            "etcdserverpb.Watch" => self.watch.call(request),
            "etcdserverpb.Lease" => self.lease.call(request),
            "etcdserverpb.Cluster" => self.cluster.call(request),
            "etcdserverpb.Maintenance" => self.maintenance.call(request),
            "etcdserverpb.Auth" if method.starts_with("Auth") || method.ends_with("List") => self.auth.call(request),
            // Changes of users and roles.
            "etcdserverpb.Auth" => answer(status::unsupported("authentication")),
            unknown => answer(Status::unimplemented(format!("unknown service {unknown}"))),
        }
    }
}

fn answer(status: Status) -> Answer {
    Box::pin(std::future::ready(Ok(status.into_http())))
}

fn too_large_in_go<F>(answer: F, max_message: usize) -> Answer
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    Box::pin(answer.map_ok(move |response| in_words_of_go(response, max_message)))
}

/// Says of a message that is too large what Go's gRPC, and so etcd, says of it: another code and other words.
fn in_words_of_go(mut response: Response<Body>, max_message: usize) -> Response<Body> {
    const OUT_OF_RANGE: &str = "11";
    const RESOURCE_EXHAUSTED: HeaderValue = HeaderValue::from_static("8");
    const SAYS: &str = "Error,%20decoded%20message%20length%20too%20large:%20found%20";
    let headers = response.headers_mut();
    if headers.get("grpc-status").is_none_or(|code| code != OUT_OF_RANGE) {
        return response;
    }
    let message = headers.get("grpc-message").and_then(|message| message.to_str().ok());
    let Some(rest) = message.and_then(|message| message.strip_prefix(SAYS)) else { return response };
    let found: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let message = format!("grpc:%20received%20message%20larger%20than%20max%20({found}%20vs.%20{max_message})");
    if let Ok(message) = HeaderValue::try_from(message) {
        headers.insert("grpc-status", RESOURCE_EXHAUSTED);
        headers.insert("grpc-message", message);
    }
    response
}
