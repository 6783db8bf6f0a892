#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::Response;
use http_body_util::BodyExt;
use k8s_api::{GroupVersionResource, Reason, UserInfo};
use k8s_api_client::{DeleteOptions, ListOptions, PatchKind, Propagation, VersionMatch, WatchEvent, WriteOptions};
use k8s_api_https::{Access, Https, Token};
use k8s_openapi::api::core::v1::ConfigMap;
use parking_lot::Mutex;

use crate::fixture::{Service, full, pieces, served, service, text};

/// A service that answers the same to all and keeps what it was asked: method, path, headers that matter, body.
fn recorder(code: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> (Service, Log) {
    let log = Log::default();
    let written = log.clone();
    let service = service(move |request| {
        let log = written.clone();
        async move {
            let mut lines = vec![format!("{} {}", request.method(), request.uri().path_and_query().unwrap())];
            for (name, value) in request.headers() {
                let name = name.as_str();
                if name.starts_with("impersonate") || name == "content-type" || name == "authorization" {
                    lines.push(format!("{name}: {}", value.to_str().unwrap()));
                }
            }
            let sent = request.into_body().collect().await.unwrap().to_bytes();
            if !sent.is_empty() {
                lines.push(String::from_utf8_lossy(&sent).into_owned());
            }
            log.0.lock().extend(lines);
            let mut response = Response::builder().status(code);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            response.body(full(body)).unwrap()
        }
    });
    (service, log)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> String {
        self.0.lock().drain(..).collect::<Vec<_>>().join("\n")
    }
}

const OBJECT: &str =
    r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"n","resourceVersion":"7"}}"#;

#[tokio::test]
async fn requests_look_as_upstream_s_clients_make_them() {
    let (service, log) = recorder(200, &[], OBJECT);
    let served = served(service).await;
    let maps = served.client().namespaced::<ConfigMap>("n");
    maps.get("a").await.unwrap();
    assert_eq!(log.take(), "GET /api/v1/namespaces/n/configmaps/a");
    let mut object = ConfigMap::default();
    object.metadata.name = Some("a".to_owned());
    maps.create(object.clone()).await.unwrap();
    let json = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;
    assert_eq!(log.take(), format!("POST /api/v1/namespaces/n/configmaps\ncontent-type: application/json\n{json}"));
    maps.update(object).await.unwrap();
    assert_eq!(log.take(), format!("PUT /api/v1/namespaces/n/configmaps/a\ncontent-type: application/json\n{json}"));
    let options =
        WriteOptions { dry_run: true, field_manager: "me & you".to_owned(), force: true, ..Default::default() };
    maps.dynamic().patch("a", "status", PatchKind::Apply, "x", options).await.unwrap();
    assert_eq!(
        log.take(),
        "PATCH /api/v1/namespaces/n/configmaps/a/status?dryRun=All&fieldManager=me%20%26%20you&force=true\n\
         content-type: application/apply-patch+yaml\n\"x\""
    );
    maps.delete("a", DeleteOptions::default().grace(3).propagation(Propagation::Orphan).uid("u")).await.unwrap();
    let deletion = log.take();
    let (head, body) = deletion.rsplit_once('\n').unwrap();
    assert_eq!(head, "DELETE /api/v1/namespaces/n/configmaps/a\ncontent-type: application/json");
    let expected = serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 3,
        "propagationPolicy": "Orphan", "preconditions": {"uid": "u"}});
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), expected);
}

#[tokio::test]
async fn selections_are_in_the_query() {
    let (service, log) = recorder(
        200,
        &[],
        r#"{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"9","continue":"c","remainingItemCount":4},"items":null}"#,
    );
    let served = served(service).await;
    let api = served.client().dynamic(GroupVersionResource::new("apps", "v1", "deployments"), "");
    let options = ListOptions {
        version_match: Some(VersionMatch::NotOlderThan),
        continue_token: "a/b=".into(),
        ..Default::default()
    };
    let list = api.list(options.labels("app in (a,b)").fields("metadata.name!=x").limit(5).at("3")).await.unwrap();
    assert_eq!(
        log.take(),
        "GET /apis/apps/v1/deployments?labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=metadata.name%21%3Dx&limit=5\
         &continue=a%2Fb%3D&resourceVersion=3&resourceVersionMatch=NotOlderThan"
    );
    assert_eq!((list.revision, list.continue_token.as_str(), list.remaining), (9, "c", Some(4)));
    assert_eq!(list.gvk.kind, "Deployment");
}

#[tokio::test]
async fn items_of_lists_learn_what_they_are() {
    const LIST: &str = r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"12"},"items":[
        {"metadata":{"name":"a","resourceVersion":"5"},"data":{"kind":"\"}{","x":"apiVersion"}},
        { "metadata" : {"name":"b"} , "data":{"k":"kind"} },
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}},
        {"metadata":{"name":"d"},"kind":"ConfigMap","apiVersion":"v1"}]}"#;
    let (service, _) = recorder(200, &[], LIST);
    let served = served(service).await;
    let list = served.client().namespaced::<ConfigMap>("n").dynamic().list(ListOptions::default()).await.unwrap();
    let names: Vec<_> = list.items.iter().map(|item| item.meta().name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(list.items[0].revision(), 5);
    for item in &list.items {
        let tree: serde_json::Value = serde_json::from_slice(&item.to_json()).unwrap();
        assert_eq!((&tree["kind"], &tree["apiVersion"]), (&"ConfigMap".into(), &"v1".into()));
        item.typed::<ConfigMap>().unwrap();
    }
    assert_eq!(list.items[0].typed::<ConfigMap>().unwrap().data.as_ref().unwrap()["kind"], "\"}{");
}

#[tokio::test]
async fn watches_are_read_however_they_are_cut() {
    const EVENTS: &str = concat!(
        r#"{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"ä","resourceVersion":"1"}}}"#,
        "\n",
        r#"{"type":"MODIFIED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b","resourceVersion":"2"},"data":{"x":"\n"}}}"#,
        "\r\n\n",
        r#"{"type":"DELETED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c","resourceVersion":"3"}}}"#,
        "\n",
        r#"{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"4","annotations":{"k8s.io/initial-events-end":"true"},"creationTimestamp":null}}}"#,
        "\n",
        r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"old","reason":"Expired","code":410}}"#,
        "\n",
        r#"{"type":"ADDED","object":{}}"#,
        "\n",
    );
    let expected = "[Added(Object(/ä@1)), Modified(Object(/b@2)), Deleted(Object(/c@3)), \
        Bookmark { revision: 4, initial_events_end: true }, Error old]";
    let served = served(service(|request| async move {
        let size: usize = request
            .uri()
            .query()
            .unwrap()
            .split("timeoutSeconds=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let cut = EVENTS.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        Response::new(pieces(cut, false))
    }))
    .await;
    let api = served.client().namespaced::<ConfigMap>("n");
    for size in [1, 2, 3, 7, 64, 100, 1 << 20] {
        let options = ListOptions { timeout_seconds: size, ..ListOptions::default() };
        let events: Vec<_> = api.watch(options).await.unwrap().collect().await;
        let shown: Vec<_> = events
            .iter()
            .map(|event| match event {
                WatchEvent::Error(status) => format!("Error {status}"),
                event => format!("{event:?}"),
            })
            .collect();
        assert_eq!(format!("[{}]", shown.join(", ")), expected, "cut into {size}");
    }
}

#[tokio::test]
async fn what_is_no_event_ends_a_watch_with_an_error() {
    for line in [
        "garbage\n",
        "{\"type\":\"ODD\",\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"object\":{\"kind\":\"x\"}}",
        "{\"type\":",
    ] {
        let served = served(service(move |_| async move { Response::new(pieces(vec![line.into()], false)) })).await;
        let mut watch = served.client().api::<ConfigMap>().watch(ListOptions::default()).await.unwrap();
        assert!(matches!(watch.next().await, Some(WatchEvent::Error(status)) if status.code == 500), "{line}");
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn one_object_is_watched_by_a_field() {
    let (service, log) = recorder(200, &[], "");
    let served = served(service).await;
    let target = k8s_api_client::ResourceTarget::object(GroupVersionResource::new("", "v1", "configmaps"), "n", "a");
    let options = ListOptions { bookmarks: true, send_initial_events: Some(true), ..ListOptions::default() };
    served.client().call(target, k8s_api_client::Call::Watch(options.fields("x=y"))).await.unwrap();
    assert_eq!(
        log.take(),
        "GET /api/v1/namespaces/n/configmaps?fieldSelector=metadata.name%3Da%2Cx%3Dy&sendInitialEvents=true&watch=true\
         &allowWatchBookmarks=true"
    );
}

#[tokio::test]
async fn failures_come_as_the_server_says_them() {
    const STATUS: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps \"a\" not found","reason":"NotFound","details":{"name":"a","kind":"configmaps"},"code":404}"#;
    let (service, _) = recorder(404, &[], STATUS);
    let served = served(service).await;
    let status = served.client().namespaced::<ConfigMap>("n").get("a").await.unwrap_err();
    assert_eq!((status.reason, status.message.as_str()), (Reason::NotFound, "configmaps \"a\" not found"));
}

#[tokio::test]
async fn failures_of_something_in_between_are_told_apart() {
    let (service, _) = recorder(429, &[("retry-after", "7")], "slow down");
    let served_429 = served(service).await;
    let status = served_429.client().namespaced::<ConfigMap>("n").get("a").await.unwrap_err();
    assert_eq!((status.code, status.reason), (429, Reason::TooManyRequests));
    assert_eq!(status.details.as_ref().unwrap().retry_after_seconds, 7);
    assert_eq!(
        status.message,
        "the server has received too many requests and has asked us to try again later (get configmaps a)"
    );
    let (service, _) = recorder(502, &[], "<html>bad gateway</html>");
    let served = served(service).await;
    let status = served.client().get_path("/x").await.unwrap_err();
    assert_eq!(
        status.message,
        "an error on the server (\"<html>bad gateway</html>\") has prevented the request from succeeding"
    );
    assert_eq!(status.retry(), k8s_api::status::Retry::Backoff);
}

#[tokio::test]
async fn a_success_that_is_a_status_is_no_object() {
    const SUCCESS: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"a","kind":"configmaps"}}"#;
    let (service, _) = recorder(200, &[], SUCCESS);
    let served = served(service).await;
    let maps = served.client().namespaced::<ConfigMap>("n");
    assert!(maps.delete("a", DeleteOptions::default()).await.unwrap().is_none());
    maps.delete_collection(DeleteOptions::default(), ListOptions::default()).await.unwrap();
}

#[tokio::test]
async fn warnings_are_read() {
    let headers = &[
        ("warning", r#"299 - "a \"b\" c" "Sat, 25 Aug 2012 23:34:45 GMT", 299 - "second""#),
        ("warning", "199 x \"not for people\""),
    ];
    let (service, _) = recorder(200, headers, OBJECT);
    let served = served(service).await;
    let target = k8s_api_client::ResourceTarget::object(GroupVersionResource::new("", "v1", "configmaps"), "n", "a");
    let call = k8s_api_client::Call::Get { resource_version: String::new() };
    let reply = served.client().call(target, call).await.unwrap();
    assert_eq!(reply.warnings, ["a \"b\" c", "second"]);
}

#[tokio::test]
async fn warnings_of_refusals_are_read_whatever_the_refusal_looks_like() {
    const STATUS: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}"#;
    for body in [STATUS, "no status at all"] {
        let (service, _) = recorder(422, &[("warning", r#"299 - "unknown field \"dta\"""#)], body);
        let served = served(service).await;
        let status = served.client().namespaced::<ConfigMap>("n").get("a").await.unwrap_err();
        assert_eq!((status.code, status.warnings), (422, vec!["unknown field \"dta\"".to_owned()]));
    }
}

#[tokio::test]
async fn another_identity_is_impersonated_and_our_own_is_not() {
    let (service, log) = recorder(200, &[], "{}");
    let served = served(service).await;
    let admin = served.client();
    admin.as_user(UserInfo::admin()).get_path("/x").await.unwrap();
    assert_eq!(log.take(), "GET /x");
    let mut user = UserInfo::service_account("n", "a");
    user.uid = "u".to_owned();
    user.extra.insert("example.org/Key".to_owned(), vec!["1".to_owned(), "2".to_owned()]);
    admin.as_user(user).get_path("/x").await.unwrap();
    assert_eq!(
        log.take(),
        "GET /x\nimpersonate-user: system:serviceaccount:n:a\nimpersonate-uid: u\n\
         impersonate-group: system:serviceaccounts\nimpersonate-group: system:serviceaccounts:n\n\
         impersonate-extra-example.org%2fkey: 1\nimpersonate-extra-example.org%2fkey: 2"
    );
    // The same name with fewer groups is less than we are.
    admin.as_user(UserInfo::new("kubernetes-admin", &[])).get_path("/x").await.unwrap();
    assert_eq!(log.take(), "GET /x\nimpersonate-user: kubernetes-admin");
}

#[tokio::test]
async fn tokens_are_shown_and_read_again() {
    let (service, log) = recorder(401, &[], "");
    let served = served(service).await;
    let path = std::env::temp_dir().join(format!("k8s-api-https-token-{}", std::process::id()));
    std::fs::write(&path, "one\n").unwrap();
    let access = Access { certificate: None, token: Some(Token::File(path.clone())), ..served.access() };
    let client = served.client_with(&access);
    for token in ["one", "two"] {
        std::fs::write(&path, token).unwrap();
        let status = client.get_path("/x").await.unwrap_err();
        assert_eq!(status.message, "the server has asked for the client to provide credentials");
        assert_eq!(log.take(), format!("GET /x\nauthorization: Bearer {token}"));
    }
    std::fs::remove_file(&path).unwrap();
    let basic = Access { token: Some(Token::Basic("a".into(), "b".into())), ..access };
    served.client_with(&basic).get_path("/x").await.unwrap_err();
    assert_eq!(log.take(), "GET /x\nauthorization: Basic YTpi");
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let served = served(service(|_| async { Response::new(full("")) })).await;
    // {"sub":"system:serviceaccount:n:a"}
    let token = "e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6bjphIn0.x";
    let access = Access { token: Some(Token::Bearer(token.to_owned())), ..served.access() };
    let transport = Https::new(&access, &served.env).unwrap();
    assert_eq!(transport.identity(), &UserInfo::service_account("n", "a"));
    assert!(!format!("{access:?}").contains(token));
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let served = served(service(|_| std::future::pending())).await;
    let access = Access { timeout: Some(std::time::Duration::from_millis(50)), ..served.access() };
    let status = served.client_with(&access).get_path("/").await.unwrap_err();
    assert_eq!((status.code, status.reason), (504, Reason::Timeout));
}

#[tokio::test]
async fn a_server_may_be_behind_a_path() {
    let (service, log) = recorder(200, &[], "{}");
    let served = served(service).await;
    let access = Access { server: served.url() + "/k8s/clusters/c-1/", ..served.access() };
    text(&served.client_with(&access), "/version?timeout=3s").await.unwrap();
    assert_eq!(log.take(), "GET /k8s/clusters/c-1/version?timeout=3s");
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let env = k8s_env::Env::system();
    let access = Access { server: "http://127.0.0.1:1".to_owned(), ..Access::default() };
    let client = k8s_api_client::Client::new(Arc::new(Https::new(&access, &env).unwrap()), UserInfo::anonymous());
    let status = client.get_path("/").await.unwrap_err();
    assert_eq!(status.reason, Reason::ServiceUnavailable);
    assert!(status.message.contains("refused"), "{status}");
    for bad in ["", "https://", "not a url"] {
        assert!(Https::new(&Access { server: bad.to_owned(), ..Access::default() }, &env).is_err(), "{bad:?}");
    }
}
