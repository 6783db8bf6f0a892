use bytes::Bytes;
use http_body_util::Full;
use k8s_api::UserInfo;
use k8s_api_server::http::TokenFile;
use tower::Service;

use crate::harness::server;

#[tokio::test(start_paused = true)]
async fn what_was_dropped_is_told_with_a_refusal_too() {
    let (server, _) = server().await;
    let mut http = server.http(TokenFile::new().with("admin", UserInfo::admin()));
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Not A Name"},"dta":{}}"#;
    let request = http::Request::builder()
        .method("POST")
        .uri("/api/v1/namespaces/default/configmaps?fieldValidation=Warn")
        .header("authorization", "Bearer admin")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap();
    let answer = http.call(request).await.unwrap();
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.headers()["warning"], r#"299 - "unknown field \"dta\"""#);
}
