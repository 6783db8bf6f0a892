use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use k8s_api::UserInfo;
use k8s_api_https::in_process;
use k8s_env::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::Service as _;

use crate::fixture::{full, pieces, service, whoami};

#[tokio::test(start_paused = true)]
async fn requests_come_as_somebody() {
    let mut client = in_process(whoami(), UserInfo::node("a"));
    for uri in ["/x", "http://anything/x"] {
        // Idle connections last as long as the client.
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        let response = client.call(Request::get(uri).body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "system:node:a system:nodes,system:authenticated");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_run_side_by_side_and_end_when_dropped() {
    let mut client =
        in_process(service(|_| async { Response::new(pieces(vec!["a".into()], true)) }), UserInfo::admin());
    let mut bodies = Vec::new();
    for _ in 0..50 {
        let response = client.call(Request::new(Empty::<Bytes>::new())).await.unwrap();
        bodies.push(response.into_body());
    }
    // The bodies keep their connections when the client is gone.
    drop(client);
    for body in &mut bodies {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    }
}

#[tokio::test(start_paused = true)]
async fn connections_can_be_upgraded() {
    let tasks = Tasks::new();
    let spawner = tasks.spawner();
    let echo = service(move |mut request| {
        let upgrade = hyper::upgrade::on(&mut request);
        spawner.spawn(async move {
            let mut stream = TokioIo::new(upgrade.await.unwrap());
            let mut word = [0; 5];
            stream.read_exact(&mut word).await.unwrap();
            word.reverse();
            stream.write_all(&word).await.unwrap();
        });
        async {
            let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            response.header("connection", "upgrade").header("upgrade", "echo").body(full("")).unwrap()
        }
    });
    let mut client = in_process(echo, UserInfo::admin());
    let request = Request::get("/").header("connection", "upgrade").header("upgrade", "echo");
    let mut response = client.call(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    stream.write_all(b"hello").await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"olleh");
}
