use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use k8s_api::UserInfo;
use k8s_api_server::http::Credentials;
use k8s_env::Tasks;
use tokio::sync::watch;
use tower::Service;

use crate::ResponseBody;
use crate::pool::{BoxError, Dial, Io, Pool, Protocol, RequestBody};
use crate::serve::{Erased, serve_http1};

/// So many bytes wait between the two ends of a connection.
const BUFFER: usize = 64 * 1024;

/// A client of a service in the same process, over real HTTP/1.1 on in-memory connections, upgrades included.
///
/// Cloning shares the connections; they close with the last clone and the last response body.
#[derive(Clone)]
pub struct InProcess(Arc<Pool>);

/// Connects to `service` without a socket, as `user`.
///
/// What it returns can be made into another library's client: `kube::Client::new(in_process(service, user), "default")`.
/// It must be used on the runtime on which its first request was made.
pub fn in_process<S, B>(service: S, user: UserInfo) -> InProcess
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (open, stop) = watch::channel(false);
    let user = Credentials { user: Arc::new(user) };
    let duplex = Duplex { service: Erased::new(service), user, stop, _open: open };
    InProcess(Pool::new(duplex, Scheme::HTTP, Authority::from_static("kubernetes.default.svc")))
}

struct Duplex {
    service: Erased,
    user: Credentials,
    stop: watch::Receiver<bool>,
    /// Connections end when it goes.
    _open: watch::Sender<bool>,
}

#[async_trait]
impl Dial for Duplex {
    async fn dial(&self, tasks: &Tasks) -> Result<(Box<dyn Io>, Protocol), BoxError> {
        let (near, far) = tokio::io::duplex(BUFFER);
        let (service, user) = (self.service.clone(), Some(self.user.clone()));
        // Both ends are ours: an idle connection costs nothing, and closing it could only race with the next request.
        tasks.spawn(serve_http1(far, service, user, None, self.stop.clone()));
        Ok((Box::new(near), Protocol::Http1))
    }
}

impl<B> Service<Request<B>> for InProcess
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let pool = self.0.clone();
        let mut request = request.map(|body| -> RequestBody { body.map_err(Into::into).boxed_unsync() });
        if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = Uri::from(path.clone());
        }
        Box::pin(async move { pool.send(request).await })
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InProcess({:?})", self.0)
    }
}
