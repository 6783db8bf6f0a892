//! Answers that are given before the request's body is read: they arrive, and the connection goes on or says that it ends.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_env::Tasks;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::api_server::cluster;
use crate::fixture::Served;

const SOON: Duration = Duration::from_secs(20);
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// What is refused before anybody reads on, and how.
const REFUSED: [(&str, &str, &str, u16); 4] = [
    ("POST", "/nowhere", "content-type: application/json", 404),
    ("PUT", MAPS, "content-type: application/json", 405),
    ("POST", MAPS, "content-type: text/plain", 415),
    ("POST", MAPS, "authorization: Bearer nobody", 401),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_outlives_a_refusal() {
    let (_server, served) = cluster().await;
    let mut stream = served.connect(b"http/1.1").await;
    for size in [10, 100_000, 250_000].repeat(5) {
        for (method, path, header, code) in REFUSED {
            let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{header}\r\ncontent-length: {size}\r\n\r\n");
            // In two pieces, so that the answer is known before the body has come.
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b'x'; size]).await.unwrap();
            let (status, close) = answer(&mut stream).await;
            assert_eq!((status, close), (code, false), "{method} {path} with {size}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_with_a_refusal_says_so() {
    let (_server, served) = cluster().await;
    let huge = ("POST", MAPS, "content-type: application/json", 413);
    for (method, path, header, code) in REFUSED.into_iter().chain([huge]) {
        let (mut read, mut write) = tokio::io::split(served.connect(b"http/1.1").await);
        let size = 20_000_000;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{header}\r\ncontent-length: {size}\r\n\r\n");
        let send = async {
            write.write_all(head.as_bytes()).await.unwrap();
            // The server may stop listening in between.
            let _ = write.write_all(&vec![b'x'; size]).await;
        };
        let ((), answer) = tokio::join!(send, answer(&mut read));
        assert_eq!(answer, (code, true), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_to_be_asked_for_the_body_need_not_send_it() {
    let (_server, served) = cluster().await;
    let mut stream = served.connect(b"http/1.1").await;
    let head = "POST /nowhere HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await, (404, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_arrive_over_http_2() {
    let (_server, served) = cluster().await;
    for size in [10, 500_000, 20_000_000] {
        for (method, path, header, code) in REFUSED {
            assert_eq!(over_http_2(&served, method, path, header, size).await, code, "{method} {path} with {size}");
        }
    }
    let json = "content-type: application/json";
    assert_eq!(over_http_2(&served, "POST", MAPS, json, 4_000_000).await, 413);
}

/// Some versions of curl take a stream that is reset while they send for a failure, whatever was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_sees_refusals_too() {
    if tokio::process::Command::new("curl").arg("--version").output().await.is_err() {
        return;
    }
    let (_server, served) = cluster().await;
    for protocol in ["--http1.1", "--http2"] {
        for (path, size, code) in [("/nowhere", 500_000, "404"), (MAPS, 4_000_000, "413"), (MAPS, 100_000, "415")] {
            let form = if code == "415" { "text/plain" } else { "application/json" };
            let mut curl = tokio::process::Command::new("curl");
            curl.args([protocol, "--insecure", "--silent", "--show-error", "--output", "/dev/null"])
                .args(["--write-out", "%{http_code}", "--data-binary", "@-", "--header"])
                .args([&format!("content-type: {form}"), &format!("{}{path}", served.url())])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            let mut curl = curl.spawn().unwrap();
            let mut stdin = curl.stdin.take().unwrap();
            stdin.write_all(&vec![b'x'; size]).await.unwrap();
            drop(stdin);
            let output = timeout(SOON, curl.wait_with_output()).await.unwrap().unwrap();
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!((&*out, output.status.code(), &*err), (code, Some(0), ""), "{protocol} {path} with {size}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_refuses_who_has_sent_half_a_request() {
    let (_server, served) = cluster().await;
    let mut stream = served.connect(b"http/1.1").await;
    let head = format!("POST {MAPS} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    // It has been asked for the rest, so the request is being served.
    let mut go_on = [0; 25];
    timeout(SOON, stream.read_exact(&mut go_on)).await.unwrap().unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    let (answer, ()) = tokio::join!(answer(&mut stream), served.server.stop());
    assert_eq!(answer.0, 503);
}

async fn over_http_2(served: &Served, method: &str, path: &str, header: &str, size: usize) -> u16 {
    let io = TokioIo::new(served.connect(b"h2").await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let tasks = Tasks::new();
    tasks.spawn(async move { drop(connection.await) });
    let (name, value) = header.split_once(": ").unwrap();
    let request = Request::builder().version(Version::HTTP_2).method(method).uri(format!("https://localhost{path}"));
    let request = request.header(name, value).body(Full::new(Bytes::from(vec![b'x'; size]))).unwrap();
    let response = timeout(SOON, sender.send_request(request)).await.unwrap().unwrap();
    let status = response.status().as_u16();
    let body = timeout(SOON, response.into_body().collect()).await.unwrap().unwrap().to_bytes();
    assert!(!body.is_empty());
    status
}

/// The status of the next answer, all of which is read, and whether it says that the connection ends.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> (u16, bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(SOON, stream.read_u8()).await.unwrap().unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    timeout(SOON, stream.read_exact(&mut body)).await.unwrap().unwrap();
    (head["http/1.1 ".len()..][..3].parse().unwrap(), head.contains("connection: close"))
}
