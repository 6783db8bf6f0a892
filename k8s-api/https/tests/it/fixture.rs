#![expect(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use k8s_api::UserInfo;
use k8s_api_client::Client;
use k8s_api_https::{Access, Https, Pki, Server, serve};
use k8s_env::Env;

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;
type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// A service made of a function.
#[derive(Clone)]
pub(crate) struct Service(Arc<dyn Fn(Request<Incoming>) -> Answer + Send + Sync>);

pub(crate) fn service<F>(answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static) -> Service
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    Service(Arc::new(move |request| {
        let answer = answer(request);
        Box::pin(async move { Ok(answer.await) })
    }))
}

impl tower::Service<Request<Incoming>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Answer {
        (self.0)(request)
    }
}

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}

/// A body that sends `pieces` one by one and, if `open`, stays open after.
pub(crate) fn pieces(pieces: Vec<Bytes>, open: bool) -> Body {
    let rest =
        if open { futures_util::stream::pending().left_stream() } else { futures_util::stream::empty().right_stream() };
    let pieces = futures_util::stream::iter(pieces).then(|piece| async move {
        tokio::task::yield_now().await;
        Ok(Frame::data(piece))
    });
    StreamBody::new(pieces.chain(rest)).boxed_unsync()
}
/// A server on the loopback interface with an authority of its own.
pub(crate) struct Served {
    pub(crate) pki: Pki,
    pub(crate) server: Server,
    pub(crate) env: Env,
}

pub(crate) async fn served<S, B>(service: S) -> Served
where
    S: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let env = Env::system();
    let pki = Pki::generate(&env).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tls = pki.server_tls(["localhost", "127.0.0.1"]).unwrap();
    let server = serve(listener, tls, service).unwrap();
    Served { pki, server, env }
}

impl Served {
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    pub(crate) fn access(&self) -> Access {
        Access {
            server: self.url(),
            authority_pem: Some(self.pki.certificate_pem().to_owned()),
            certificate: Some(self.pki.admin().unwrap()),
            ..Access::default()
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(&self.access())
    }

    pub(crate) fn client_with(&self, access: &Access) -> Client {
        let transport = Https::new(access, &self.env).unwrap();
        let identity = transport.identity().clone();
        Client::new(Arc::new(transport), identity)
    }

    /// A TLS connection that speaks `protocol`, without a client certificate.
    pub(crate) async fn connect(&self, protocol: &[u8]) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pki.certificate_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = tokio::net::TcpStream::connect(self.address()).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        connector.connect("localhost".try_into().unwrap(), stream).await.unwrap()
    }
}

/// A service that tells who asked.
pub(crate) fn whoami() -> Service {
    service(|request| async move {
        let user = request.extensions().get::<k8s_api_server::http::Credentials>();
        let user = user.map_or_else(UserInfo::anonymous, |c| (*c.user).clone());
        Response::new(full(format!("{} {}", user.name, user.groups.join(","))))
    })
}

/// All of the text at a path.
pub(crate) async fn text(client: &Client, path: &str) -> Result<String, k8s_api::Status> {
    match client.get_path(path).await?.body {
        k8s_api_client::RawBody::Full(bytes) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
        k8s_api_client::RawBody::Stream(_) => panic!("a stream"),
    }
}
