use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_env::Tasks;
use k8s_store_etcd_proto::etcdserverpb::kv_client::KvClient;
use k8s_store_etcd_proto::etcdserverpb::lease_client::LeaseClient;
use k8s_store_etcd_proto::etcdserverpb::maintenance_client::MaintenanceClient;
use k8s_store_etcd_proto::etcdserverpb::watch_client::WatchClient;
use k8s_store_etcd_proto::etcdserverpb::{WatchRequest, WatchResponse};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tonic::Streaming;
use tonic::body::Body;

/// The bare stubs over one connection.
#[derive(Clone)]
pub(crate) struct Client {
    sender: SendRequest<Body>,
    url: String,
    _tasks: Arc<Tasks>,
}

impl Client {
    /// Waits until the server is there.
    pub(crate) async fn connect(url: &str) -> Self {
        let address = url.split_once("://").unwrap().1;
        let stream = loop {
            match TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        };
        Self::over(stream, url).await
    }

    /// Over a connection that is open.
    pub(crate) async fn over(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, url: &str) -> Self {
        let (sender, connection) = Builder::new(TokioExecutor::new()).handshake(TokioIo::new(io)).await.unwrap();
        let tasks = Tasks::new();
        tasks.spawn(async { drop(connection.await) });
        let client = Self { sender, url: url.to_owned(), _tasks: Arc::new(tasks) };
        // A listening etcd may still be electing itself.
        while client
            .kv()
            .range(k8s_store_etcd_proto::etcdserverpb::RangeRequest { key: "x".into(), ..Default::default() })
            .await
            .is_err()
        {
            sleep(Duration::from_millis(50)).await;
        }
        client
    }

    pub(crate) fn kv(&self) -> KvClient<Self> {
        KvClient::new(self.clone()).max_decoding_message_size(usize::MAX)
    }

    pub(crate) fn lease(&self) -> LeaseClient<Self> {
        LeaseClient::new(self.clone())
    }

    pub(crate) fn maintenance(&self) -> MaintenanceClient<Self> {
        MaintenanceClient::new(self.clone())
    }

    pub(crate) async fn watch(&self) -> WatchStream {
        let (requests, mut queue) = mpsc::unbounded_channel();
        let outgoing = futures_util::stream::poll_fn(move |cx| queue.poll_recv(cx));
        let client = WatchClient::new(self.clone()).max_decoding_message_size(usize::MAX);
        WatchStream { requests, stage: Stage::New(client, Some(Box::pin(outgoing))) }
    }
}

impl tower::Service<http::Request<Body>> for Client {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, Result<Self::Response, hyper::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let uri = format!("{}{}", self.url, request.uri().path());
        *request.uri_mut() = uri.parse().unwrap();
        Box::pin(self.sender.send_request(request))
    }
}

type Outgoing = std::pin::Pin<Box<dyn futures_core::Stream<Item = WatchRequest> + Send>>;

/// One stream of watches. The server answers its head with the first message, so it begins when something is read.
pub(crate) struct WatchStream {
    pub(crate) requests: mpsc::UnboundedSender<WatchRequest>,
    stage: Stage,
}

enum Stage {
    New(WatchClient<Client>, Option<Outgoing>),
    Open(Streaming<WatchResponse>),
}

impl WatchStream {
    pub(crate) fn send(&self, request: WatchRequest) {
        self.requests.send(request).unwrap();
    }

    /// The next message, which must come.
    pub(crate) async fn next(&mut self) -> WatchResponse {
        let message = async {
            if let Stage::New(client, outgoing) = &mut self.stage {
                let stream = client.watch(outgoing.take().unwrap()).await.unwrap().into_inner();
                self.stage = Stage::Open(stream);
            }
            let Stage::Open(stream) = &mut self.stage else { unreachable!("it was opened") };
            stream.message().await.unwrap().unwrap()
        };
        timeout(Duration::from_secs(10), message).await.expect("a message comes")
    }

    /// The next message after progress was requested, again and again as kube-apiserver does it: etcd leaves out
    /// requests that come while a watch catches up.
    pub(crate) async fn progress(&mut self) -> WatchResponse {
        loop {
            self.send(super::script::progress());
            if let Ok(message) = timeout(Duration::from_millis(200), self.next()).await {
                return message;
            }
        }
    }

    /// The next events, of `n` changes, whatever messages they come in, with the watch they are of.
    pub(crate) async fn events(&mut self, n: usize) -> Vec<String> {
        let mut events = Vec::new();
        while events.len() < n {
            let message = self.next().await;
            assert!(!message.events.is_empty(), "not events: {message:?}");
            events.extend(message.events.iter().map(|event| format!("{} {event:?}", message.watch_id)));
        }
        events
    }
}
