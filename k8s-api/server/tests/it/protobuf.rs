//! Typed clients over HTTP: protobuf bodies, protobuf answers.

use bytes::{Buf, Bytes};
use http_body_util::{BodyExt, Full};
use k8s_api::{GroupVersionKind, UserInfo};
use k8s_api_protobuf::{Codec, Envelope};
use k8s_api_server::ApiServer;
use k8s_api_server::http::{HttpService, TokenFile};
use serde_json::{Value, json};
use tower::Service;

use crate::harness::server;

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";

struct Typed {
    _server: ApiServer,
    http: HttpService,
}

struct Answer {
    status: u16,
    media: String,
    body: Bytes,
}

impl Typed {
    async fn new() -> Self {
        let (server, _) = server().await;
        let http = server.http(TokenFile::new().with("admin", UserInfo::admin()));
        Self { _server: server, http }
    }

    async fn send(&self, method: &str, path: &str, accept: &str, body: Bytes) -> Answer {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer admin")
            .header("content-type", PROTOBUF)
            .header("accept", accept)
            .body(Full::new(body))
            .unwrap();
        let response = self.http.clone().call(request).await.unwrap();
        let media = response.headers()["content-type"].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        Answer { status, media, body: response.into_body().collect().await.unwrap().to_bytes() }
    }

    async fn get(&self, path: &str, accept: &str) -> Answer {
        self.send("GET", path, accept, Bytes::new()).await
    }

    async fn create(&self, name: &str) -> Answer {
        let body = configmap(&json!({ "metadata": { "name": name }, "data": { "a": "1" } }));
        self.send("POST", CONFIGMAPS, PROTOBUF, body).await
    }
}

impl Answer {
    /// The tree of a protobuf answer.
    fn tree(&self) -> Value {
        assert_eq!(self.media, PROTOBUF);
        Codec::builtin().decode(&self.body).unwrap().1
    }

    /// The message of a failure in JSON.
    fn message(&self) -> String {
        let status: Value = serde_json::from_slice(&self.body).unwrap();
        status["message"].as_str().unwrap().to_owned()
    }
}

fn configmap(tree: &Value) -> Bytes {
    Codec::builtin().encode(&GroupVersionKind::new("", "v1", "ConfigMap"), tree).unwrap()
}

#[tokio::test(start_paused = true)]
async fn objects_come_and_go() {
    let typed = Typed::new().await;
    let created = typed.create("a").await;
    assert_eq!(created.status, 201);
    let mut tree = created.tree();
    assert_eq!(tree["data"], json!({ "a": "1" }));
    assert!(tree["metadata"]["uid"].is_string());

    tree["data"] = json!({ "b": "2" });
    let path = format!("{CONFIGMAPS}/a");
    let updated = typed.send("PUT", &path, PROTOBUF, configmap(&tree)).await.tree();
    assert_eq!(updated["data"], json!({ "b": "2" }));
    assert_eq!(typed.get(&path, PROTOBUF).await.tree(), updated);
    let json = typed.get(&path, "application/json").await;
    assert_eq!(serde_json::from_slice::<Value>(&json.body).unwrap(), updated);

    let options = GroupVersionKind::new("", "v1", "DeleteOptions");
    let options = |uid: &str| Codec::builtin().encode(&options, &json!({ "preconditions": { "uid": uid } })).unwrap();
    let refused = typed.send("DELETE", &path, PROTOBUF, options("another")).await;
    assert_eq!((refused.status, &refused.tree()["reason"]), (409, &json!("Conflict")));
    let uid = updated["metadata"]["uid"].as_str().unwrap();
    assert_eq!(typed.send("DELETE", &path, PROTOBUF, options(uid)).await.tree()["status"], "Success");
}

#[tokio::test(start_paused = true)]
async fn lists_and_metadata_are_protobuf() {
    let typed = Typed::new().await;
    typed.create("a").await;
    typed.create("b").await;
    let list = typed.get(CONFIGMAPS, PROTOBUF).await.tree();
    assert_eq!(list["kind"], "ConfigMapList");
    assert!(list["metadata"]["resourceVersion"].is_string());
    assert_eq!(list["items"][1]["metadata"]["name"], "b");

    let partial = format!("{PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    let list = typed.get(CONFIGMAPS, &partial).await.tree();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("PartialObjectMetadataList"), &json!("meta.k8s.io/v1")));
    assert_eq!(list["items"][0]["metadata"]["name"], "a");
    assert_eq!(list["items"][0].as_object().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn watches_are_frames() {
    let typed = Typed::new().await;
    typed.create("a").await;
    let watch = typed.get(&format!("{CONFIGMAPS}?watch=1&timeoutSeconds=1"), PROTOBUF).await;
    assert_eq!(watch.media, "application/vnd.kubernetes.protobuf;stream=watch");
    let mut rest = watch.body;
    let size = rest.get_u32() as usize;
    assert_eq!(size, rest.len());
    assert!(rest.starts_with(b"\x0a\x05ADDED\x12"));
    let object = rest.windows(4).position(|bytes| bytes == k8s_api_protobuf::PREFIX).unwrap();
    assert_eq!(Codec::builtin().decode(&rest[object..]).unwrap().1["metadata"]["name"], "a");
}

#[tokio::test(start_paused = true)]
async fn what_has_no_encoding_falls_to_the_next_wish() {
    let typed = Typed::new().await;
    assert_eq!(typed.get("/version", PROTOBUF).await.media, "application/json");
    let table = "as=Table;g=meta.k8s.io;v=v1";
    let both = format!("{PROTOBUF};{table},application/json;{table}");
    let answer = typed.get(CONFIGMAPS, &both).await;
    assert_eq!((answer.status, &*answer.media), (200, "application/json"));
    let neither = typed.get(CONFIGMAPS, &format!("{PROTOBUF};{table}")).await;
    assert_eq!((neither.status, &*neither.media), (406, "application/json"));
    let groups = typed.get("/apis", PROTOBUF).await;
    assert_eq!(Envelope::read(&groups.body).unwrap().gvk.kind, "APIGroupList");
    assert_eq!(typed.get("/api/v1", PROTOBUF).await.tree()["groupVersion"], "v1");
}

#[tokio::test(start_paused = true)]
async fn malformed_bodies_are_refused_in_upstreams_words() {
    let typed = Typed::new().await;
    let post = async |body: &[u8]| {
        let answer = typed.send("POST", CONFIGMAPS, "application/json", Bytes::copy_from_slice(body)).await;
        assert_eq!(answer.status, 400);
        answer.message()
    };
    assert_eq!(
        post(b"\x01\x02").await,
        "the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a \
         protobuf message, expected prefix [107 56 115 0] (0102)"
    );
    let whole = configmap(&json!({ "metadata": { "name": "a" }, "data": { "a": "1" } }));
    let mut cut = whole.to_vec();
    // The length of the metadata, which is the first field of the object.
    let at = cut.windows(4).position(|bytes| bytes == b"\x0a\x01a\x12").unwrap() - 1;
    cut[at] = 0x7f;
    assert_eq!(post(&cut).await, "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: unexpected EOF");
    let secret = Codec::builtin().encode(&GroupVersionKind::new("", "v1", "Secret"), &json!({})).unwrap();
    assert_eq!(
        post(&secret).await,
        "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): \
         unknown conversion"
    );
}
