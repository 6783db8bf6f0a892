use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::Response;
use k8s_api_client::{Call, RawBody, ResourceTarget};
use k8s_api_https::{Access, Pki};
use k8s_env::Env;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::fixture::{full, pieces, served, service, text, whoami};

const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn without_a_certificate_one_is_nobody() {
    let served = served(whoami()).await;
    let client = served.client_with(&Access { certificate: None, ..served.access() });
    assert_eq!(text(&client, "/").await.unwrap(), "system:anonymous system:unauthenticated");
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused() {
    let served = served(whoami()).await;
    let stranger = Pki::generate(&Env::system()).unwrap().admin().unwrap();
    let client = served.client_with(&Access { certificate: Some(stranger), ..served.access() });
    let status = text(&client, "/").await.unwrap_err();
    assert_eq!(status.code, 503, "{status}");
}

#[tokio::test]
async fn a_server_must_have_the_name_and_the_authority() {
    let served = served(whoami()).await;
    let other = Access { server_name: Some("elsewhere.example".to_owned()), ..served.access() };
    assert_eq!(text(&served.client_with(&other), "/").await.unwrap_err().code, 503);
    let other = Pki::generate(&Env::system()).unwrap();
    let distrust = Access { authority_pem: Some(other.certificate_pem().to_owned()), ..served.access() };
    let status = text(&served.client_with(&distrust), "/").await.unwrap_err();
    assert!(status.message.contains("invalid peer certificate"), "{status}");
    let careless = Access { insecure: true, ..distrust };
    assert!(text(&served.client_with(&careless), "/").await.is_ok());
}

#[tokio::test]
async fn http_1_and_2_are_both_spoken() {
    let served = served(whoami()).await;
    let mut http1 = served.connect(b"http/1.1").await;
    for _ in 0..2 {
        http1.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 1024];
        let n = timeout(SOON, http1.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..n]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("system:anonymous"), "{answer}");
    }
    let http2 = served.connect(b"h2").await;
    let exec = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(exec, hyper_util::rt::TokioIo::new(http2)).await.unwrap();
    let tasks = k8s_env::Tasks::new();
    tasks.spawn(async move { drop(connection.await) });
    let request = http::Request::get("https://localhost/").body(http_body_util::Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
}

#[tokio::test]
async fn garbage_hurts_nobody() {
    let served = served(whoami()).await;
    let client = served.client();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], b"\x16\x03\x01\xff\xff\x01", b""] {
        let mut stream = TcpStream::connect(served.address()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // It may be reset instead of closed.
        let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap();
    }
    for (protocol, garbage) in
        [(&b"h2"[..], &b"GET / HTTP/1.1\r\n\r\n"[..]), (b"http/1.1", &[0; 64]), (b"h2", &[0xff; 64])]
    {
        let mut stream = served.connect(protocol).await;
        stream.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap();
    }
    assert!(text(&client, "/").await.unwrap().starts_with("kubernetes-admin"));
    timeout(SOON, served.server.stop()).await.unwrap();
}

#[tokio::test]
async fn stopping_ends_streams_and_waiting_connections() {
    let served = served(service(|_| async { Response::new(pieces(vec!["{}\n".into()], true)) })).await;
    let client = served.client();
    let target = ResourceTarget::collection(k8s_api::GroupVersionResource::new("", "v1", "pods"), "");
    let reply = client.call(target, Call::Connect(Vec::new())).await.unwrap();
    let k8s_api_client::Response::Raw(raw) = reply.response else { panic!("not raw") };
    let RawBody::Stream(mut stream) = raw.body else { panic!("not a stream") };
    assert_eq!(stream.next().await.unwrap().unwrap(), "{}\n");
    let mut silent = TcpStream::connect(served.address()).await.unwrap();
    let mut idle = served.connect(b"http/1.1").await;

    let address = served.address();
    let before = Instant::now();
    served.server.stop().await;
    assert!(before.elapsed() < Duration::from_millis(900), "{:?}", before.elapsed());
    // The stream ends well, everything else is closed, and nobody listens.
    let end = timeout(SOON, stream.next()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
    let mut rest = Vec::new();
    let _ = timeout(SOON, silent.read_to_end(&mut rest)).await.unwrap();
    let _ = timeout(SOON, idle.read_to_end(&mut rest)).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let (asked, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let served = served(service(move |_| {
        asked.send(()).unwrap();
        std::future::pending()
    }))
    .await;
    let client = served.client();
    let stop = async {
        arrived.recv().await.unwrap();
        let before = Instant::now();
        served.server.stop().await;
        before.elapsed()
    };
    let (answer, took) = tokio::join!(client.get_path("/"), stop);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(answer.unwrap_err().code, 503);
}

#[tokio::test]
async fn dropping_closes_everything_at_once() {
    let served = served(service(|_| async { Response::new(pieces(vec!["x".into()], true)) })).await;
    let mut stream = served.connect(b"http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 16];
    stream.read_exact(&mut first).await.unwrap();
    drop(served);
    let mut rest = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn answers_in_progress_are_finished() {
    let (asked, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let served = served(service(move |_| {
        asked.send(()).unwrap();
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Response::new(full("done"))
        }
    }))
    .await;
    let client = served.client();
    let stop = async {
        arrived.recv().await.unwrap();
        served.server.stop().await;
    };
    let (answer, ()) = tokio::join!(text(&client, "/"), stop);
    assert_eq!(answer.unwrap(), "done");
}

// The clock is paused and jumps as soon as nobody has anything to do, so every wait is over at once.
#[tokio::test(start_paused = true)]
async fn slow_clients_are_left() {
    let served = served(whoami()).await;
    let before = Instant::now();
    let mut rest = Vec::new();
    let mut silent = TcpStream::connect(served.address()).await.unwrap();
    let _ = silent.read_to_end(&mut rest).await;
    assert_eq!(before.elapsed().as_secs(), 10);
    let mut slow = served.connect(b"http/1.1").await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let before = Instant::now();
    let _ = slow.read_to_end(&mut rest).await;
    assert_eq!(before.elapsed().as_secs(), 32);
}

#[tokio::test]
async fn plain_http_is_told_about_tls() {
    let served = served(whoami()).await;
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    stream.write_all(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 76];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer[..], b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
}

#[tokio::test]
async fn a_client_goes_on_when_a_server_comes_back() {
    let first = served(whoami()).await;
    let client = first.client();
    text(&client, "/").await.unwrap();
    let address = first.address();
    let tls = first.pki.server_tls(["127.0.0.1"]).unwrap();
    first.server.stop().await;
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let _second = k8s_api_https::serve(listener, tls, whoami()).unwrap();
    assert!(text(&client, "/").await.is_ok());
}

#[tokio::test]
async fn many_streams_do_not_keep_a_request_waiting() {
    let served = served(service(|request| async move {
        let open = request.uri().path() != "/version";
        Response::new(pieces(vec!["x".into()], open))
    }))
    .await;
    let client = served.client();
    let mut streams = Vec::new();
    for _ in 0..300 {
        let target = ResourceTarget::collection(k8s_api::GroupVersionResource::new("", "v1", "pods"), "");
        streams.push(client.call(target, Call::Connect(Vec::new())).await.unwrap());
    }
    assert_eq!(timeout(SOON, text(&client, "/version")).await.unwrap().unwrap(), "x");
}
