#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt;
use k8s_api::{Reason, Status, UserInfo};
use k8s_api_client::{Call, Client, Reply, Request, Response, Target, Transport, WatchEvent};
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_store::Memory;
use parking_lot::Mutex;

pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) admin: Client,
    /// A client on whose road things can go wrong.
    pub(crate) rough: Client,
    pub(crate) road: Arc<Road>,
}

/// A road to the server with faults on demand.
#[derive(Debug)]
pub(crate) struct Road {
    server: ApiServer,
    /// Requests by verb and resource, as they came.
    pub(crate) seen: Mutex<Vec<String>>,
    /// So many of the next requests reach no server.
    pub(crate) unreachable: AtomicUsize,
    /// The watches that are running end with 410 when this is told.
    expire: tokio::sync::watch::Sender<u64>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let env = Env::simulated(3);
        let server = ApiServer::builder(Arc::new(Memory::new()), env.clone()).start().await.unwrap();
        let admin = server.client_as(UserInfo::admin());
        let (expire, _) = tokio::sync::watch::channel(0);
        let road = Arc::new(Road { server, seen: Mutex::default(), unreachable: AtomicUsize::new(0), expire });
        let rough = Client::new(road.clone(), UserInfo::admin());
        Self { env, admin, rough, road }
    }

    pub(crate) async fn map(&self, name: &str, value: &str) {
        let manifest =
            format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{v: '{value}'}}}}");
        self.admin.apply(&manifest).await.unwrap();
    }
}

impl Road {
    pub(crate) fn expire_watches(&self) {
        self.expire.send_modify(|n| *n += 1);
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.seen.lock().iter().filter(|seen| *seen == what).count()
    }
}

#[async_trait]
impl Transport for Road {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        let verb = request.call.verb(&request.target);
        if let Target::Resource(target) = &request.target {
            self.seen.lock().push(format!("{verb} {}", target.resource.resource));
        }
        let lost = self.unreachable.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if lost.is_ok() {
            return Err(Status::failure(503, Reason::ServiceUnavailable, "nobody there"));
        }
        let is_watch = matches!(request.call, Call::Watch(_));
        let mut reply = self.server.call(request).await?;
        if let (true, Response::Watch(stream)) = (is_watch, &mut reply.response) {
            let inner = std::mem::replace(stream, Box::pin(futures_util::stream::empty()));
            let mut expired = self.expire.subscribe();
            let end = async move {
                // An error says that the road is gone.
                let _ = expired.changed().await;
            };
            let gone = futures_util::stream::once(async { WatchEvent::Error(Status::expired("too old")) });
            *stream = Box::pin(inner.take_until(end).chain(gone));
        }
        Ok(reply)
    }
}

pub(crate) fn value(map: &ConfigMap) -> &str {
    map.data.as_ref().and_then(|data| data.get("v")).map_or("", String::as_str)
}
