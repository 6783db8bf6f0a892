use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::node::{Backend, Node};
use crate::service::EtcdService;

/// A store that speaks etcd's version 3.
///
/// Cloning shares it. It does nothing by itself: [`EtcdServer::service`] answers requests over a transport of the
/// caller's, [`EtcdServer::serve`] over sockets.
#[derive(Clone)]
pub struct EtcdServer {
    pub(crate) node: Arc<Node>,
    pub(crate) stop: Arc<watch::Sender<bool>>,
}

/// How a server presents itself; made by [`EtcdServer::builder`].
#[derive(Debug)]
pub struct Builder {
    store: Arc<dyn Backend>,
    name: String,
    client_urls: Vec<String>,
    progress_interval: Duration,
    max_request_bytes: usize,
}

impl EtcdServer {
    /// Serves `store` with etcd's own defaults.
    pub fn new(store: impl Backend) -> Self {
        Self::builder(store).build()
    }

    /// A server of `store` that presents itself otherwise.
    pub fn builder(store: impl Backend) -> Builder {
        Builder {
            store: Arc::new(store),
            name: "default".to_owned(),
            client_urls: Vec::new(),
            progress_interval: Duration::from_secs(600),
            max_request_bytes: 3 << 19,
        }
    }

    /// The whole API as a service of HTTP/2 requests, for any transport. Cloning it is cheap.
    pub fn service(&self) -> EtcdService {
        EtcdService::new(&self.node)
    }

    /// Ends the streams of all services of this server: watches, keep-alives. New ones end at once.
    pub fn end_streams(&self) {
        self.stop.send_replace(true);
    }
}

impl Builder {
    /// The name of the only member. The numbers of the cluster and the member follow from it.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Where clients are told to find the member, such as `http://127.0.0.1:2379`.
    pub fn client_url(mut self, url: impl Into<String>) -> Self {
        self.client_urls.push(url.into());
        self
    }

    /// How often watches that want progress hear of it when nothing happens. Ten minutes unless told.
    pub fn progress_interval(self, interval: Duration) -> Self {
        Self { progress_interval: interval.max(Duration::from_millis(1)), ..self }
    }

    /// How large a request that writes may be. 1.5 MiB unless told.
    pub fn max_request_bytes(self, bytes: usize) -> Self {
        Self { max_request_bytes: bytes, ..self }
    }

    /// The server.
    pub fn build(self) -> EtcdServer {
        let (sender, stop) = watch::channel(false);
        let Self { store, name, client_urls, progress_interval, max_request_bytes } = self;
        let node = Node { store, name, client_urls, progress_interval, max_request_bytes, stop };
        EtcdServer { node: Arc::new(node), stop: Arc::new(sender) }
    }
}

impl fmt::Debug for EtcdServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdServer").field("name", &self.node.name).finish_non_exhaustive()
    }
}
