//! Every promise of `k8s-api-client`, over HTTPS, and over HTTP/1.1 as somebody who impersonates everybody.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use k8s_api::UserInfo;
use k8s_api_client::{NodeApi, NodeRegistry};
use k8s_api_client_testkit::{Subject, Talker};
use k8s_api_https::{Access, Https, Pki, Token, serve};
use k8s_api_server::ApiServer;
use k8s_api_server::http::{HttpService, TokenFile};
use k8s_env::{Env, Tasks};
use k8s_store::Memory;
use tokio::net::TcpListener;
use tower::Service;

/// A server with a node, and what must live as long as it.
async fn cluster() -> (ApiServer, Arc<dyn NodeApi>) {
    let (registry, talker): (_, Arc<dyn NodeApi>) = (NodeRegistry::new(), Arc::new(Talker::new("talker")));
    registry.register("talker", &talker);
    let builder = ApiServer::builder(Arc::new(Memory::new()), Env::system()).rbac().nodes(registry);
    (builder.start().await.unwrap(), talker)
}

fn subject(access: &Access) -> Subject {
    let transport = Https::new(access, &Env::system()).unwrap();
    Subject::new(Arc::new(transport), UserInfo::admin())
        .stranger(UserInfo::new("stranger", &[]))
        .forgotten(1)
        .node("talker")
}

async fn over_https() -> Subject {
    let (server, talker) = cluster().await;
    let pki = Pki::generate(&Env::system()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tls = pki.server_tls(["localhost", "127.0.0.1"]).unwrap();
    let served = serve(listener, tls, server.http(TokenFile::new())).unwrap();
    let access = Access {
        server: format!("https://{}", served.local_addr()),
        authority_pem: Some(pki.certificate_pem().to_owned()),
        certificate: Some(pki.admin().unwrap()),
        ..Access::default()
    };
    subject(&access).keep((served, server, talker))
}

async fn over_http() -> Subject {
    let (server, talker) = cluster().await;
    let service = server.http(TokenFile::new().with("token", UserInfo::new("proxy", &["system:masters"])));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let access = Access {
        server: format!("http://{}", listener.local_addr().unwrap()),
        token: Some(Token::Bearer("token".to_owned())),
        ..Access::default()
    };
    let tasks = Tasks::new();
    let connections = Tasks::new();
    let spawner = connections.spawner();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service: HttpService = service.clone();
            let answer = service_fn(move |request| service.clone().call(request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            spawner.spawn(async move { drop(connection.await) });
        }
    });
    subject(&access).keep((tasks, connections, server, talker))
}

mod https {
    k8s_api_client_testkit::conformance!(real: super::over_https);
}

mod http {
    k8s_api_client_testkit::conformance!(real: super::over_http);
}
