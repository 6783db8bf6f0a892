//! Input that nobody well-meaning sends never takes the server down, and gets an answer in the form of an error.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use k8s_api::UserInfo;
use k8s_api_server::ApiServer;
use k8s_api_server::http::{HttpService, TokenFile};
use k8s_env::{Env, Random};
use k8s_store::Memory;
use std::sync::Arc;
use tower::Service;

const REQUESTS: usize = 4000;
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"];
const SEGMENTS: [&str; 30] = [
    "api",
    "apis",
    "v1",
    "apps",
    "namespaces",
    "default",
    "pods",
    "configmaps",
    "deployments",
    "status",
    "scale",
    "log",
    "exec",
    "binding",
    "eviction",
    "token",
    "events",
    "events.k8s.io",
    "nodes",
    "proxy",
    "c",
    "p",
    "",
    "..",
    "%2e%2e",
    "%00",
    "%ff%fe",
    "openapi",
    "v3",
    "healthz",
];
const QUERIES: [&str; 22] = [
    "watch=1&timeoutSeconds=1",
    "limit=-1",
    "limit=99999999999999999999",
    "continue=",
    "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
    "resourceVersion=18446744073709551616",
    "resourceVersion=-1",
    "resourceVersionMatch=Exact",
    "labelSelector=%21%21",
    "labelSelector=a%20in%20(",
    "fieldSelector=%3D%3D%3D",
    "dryRun=All",
    "dryRun=x",
    "fieldValidation=Strict",
    "gracePeriodSeconds=-9223372036854775808",
    "propagationPolicy=Foreground",
    "pretty=1",
    "includeObject=None",
    "timeoutSeconds=99999999999",
    "sendInitialEvents=true",
    "%ff=%fe",
    "&&==&",
];
const TYPES: [&str; 10] = [
    "application/json",
    "application/yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "",
    ";;;=",
];
const ACCEPTS: [&str; 8] = [
    "application/json",
    "*/*",
    "application/yaml",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "text/html",
    "application/vnd.kubernetes.protobuf",
    ",,;q=x,",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
];
const BODIES: [&str; 14] = [
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"b"}}"#,
    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-"},"spec":{"containers":[{"name":"c","image":"i"}]}}"#,
    r#"{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":99999999999999999999}"#,
    r#"{"metadata":{"creationTimestamp":"9999999-99-99T99:99:99Z","resourceVersion":"-1","uid":"x"}}"#,
    r#"[{"op":"add","path":"/metadata/labels/~2","value":null},{"op":"move","from":"","path":"/x"}]"#,
    r#"[{"op":"test","path":"/data/-1"},{"op":"copy","from":"/data","path":"/data/a/b/c"}]"#,
    r#"{"spec":{"$patch":"delete","containers":[{"$patch":"nope"},{"$deleteFromPrimitiveList/x":1}],"$setElementOrder/containers":7}}"#,
    r#"{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"name":""}}"#,
    "a: &a [*a, *a]\nb: !!binary x\n? {}: []",
    "---\n---\n...\n",
    "\u{feff}{}",
    "null",
    "",
    "{\"a\":1e999,\"a\":-0,\"\\ud800\":\"\\u0000\"}",
];

struct Chaos(Random);

impl Chaos {
    fn pick<'a>(&self, from: &[&'a str]) -> &'a str {
        from[self.0.below(from.len() as u64) as usize]
    }

    fn path(&self) -> String {
        let mut path = String::new();
        // Most paths begin well, so that they get somewhere.
        if self.0.below(4) > 0 {
            path.push_str(self.pick(&[
                "/api/v1/namespaces/default",
                "/apis/apps/v1/namespaces/default",
                "/api/v1",
                "/apis",
            ]));
        }
        for _ in 0..self.0.below(5) {
            path.push('/');
            path.push_str(self.pick(&SEGMENTS));
        }
        if path.is_empty() {
            path.push('/');
        }
        for i in 0..self.0.below(3) {
            path.push(if i == 0 { '?' } else { '&' });
            path.push_str(self.pick(&QUERIES));
        }
        path
    }

    fn body(&self) -> Bytes {
        let mut body = self.pick(&BODIES).as_bytes().to_vec();
        match self.0.below(8) {
            0 => body = [b"[".repeat(20_000), b"]".repeat(20_000)].concat(),
            1 => body = [b"{\"a\":".repeat(20_000), b"1".to_vec(), b"}".repeat(20_000)].concat(),
            2 | 3 if !body.is_empty() => {
                for _ in 0..=self.0.below(4) {
                    let at = self.0.below(body.len() as u64) as usize;
                    body[at] = self.0.next_u64() as u8;
                }
            }
            4 => body.truncate(self.0.below(body.len() as u64 + 1) as usize),
            _ => {}
        }
        body.into()
    }

    fn request(&self) -> Option<Request<Full<Bytes>>> {
        let token = self.pick(&[
            "Bearer admin",
            "Bearer admin",
            "Bearer admin",
            "Bearer nobody",
            "Basic eDp5",
            "Bearer",
            "\u{7f}",
        ]);
        let mut builder = Request::builder()
            .method(Method::from_bytes(self.pick(&METHODS).as_bytes()).ok()?)
            .uri(self.path())
            .header("authorization", token)
            .header("content-type", self.pick(&TYPES))
            .header("accept", self.pick(&ACCEPTS));
        if self.0.below(10) == 0 {
            builder =
                builder.header("impersonate-user", self.pick(&["", "x", "system:serviceaccount::", "system:node:"]));
            builder = builder.header("impersonate-extra-%ff", "\u{fe}");
        }
        builder.body(Full::new(self.body())).ok()
    }
}

async fn ask(http: &mut HttpService, request: Request<Full<Bytes>>) -> u16 {
    let response = http.call(request).await.unwrap();
    let status = response.status().as_u16();
    // A watch ends after a second of the paused runtime's time, or goes on for ever; one frame is enough.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), response.into_body().collect()).await;
    status
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_sent_takes_the_server_down() {
    let server = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).rbac().start().await.unwrap();
    let mut http = server.http(TokenFile::new().with("admin", UserInfo::admin()));
    let chaos = Chaos(Random::seeded(7));
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for _ in 0..REQUESTS {
        let Some(request) = chaos.request() else { continue };
        let shown = format!("{} {}", request.method(), request.uri());
        let status = ask(&mut http, request).await;
        // 501 is for streams; 500 is what upstream says of malformed impersonation alone.
        assert!(status < 502, "{shown}: {status}");
        *statuses.entry(status).or_default() += 1;
    }
    eprintln!("{statuses:?}");
    let alive =
        Request::get("/api/v1/namespaces").header("authorization", "Bearer admin").body(Full::default()).unwrap();
    assert_eq!(ask(&mut http, alive).await, 200);
}

#[tokio::test(start_paused = true)]
async fn oversized_bodies_and_deep_selectors_are_refused() {
    let server = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).start().await.unwrap();
    let mut http = server.http(TokenFile::new());
    let big = Full::new(Bytes::from(vec![b' '; 3 * 1024 * 1024 + 1]));
    let request = Request::post("/api/v1/namespaces/default/configmaps").body(big).unwrap();
    assert_eq!(ask(&mut http, request).await, 413);
    let selector = "a,".repeat(10_000);
    let request = Request::get(format!("/api/v1/pods?labelSelector={selector}")).body(Full::default()).unwrap();
    assert_eq!(ask(&mut http, request).await, 400);
}

#[tokio::test(start_paused = true)]
async fn bodies_of_any_depth_are_refused() {
    let server = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).start().await.unwrap();
    let mut http = server.http(TokenFile::new());
    let deep: String = (0..1500).flat_map(|i| [" ".repeat(i), "a:\n".to_owned()]).collect();
    let bodies = ["[".repeat(20_000), "{\"a\":".repeat(20_000), "{a: ".repeat(20_000), "- ".repeat(20_000), deep];
    for body in bodies {
        for media in TYPES {
            for (method, path) in [("POST", ""), ("PUT", "/default"), ("PATCH", "/default"), ("DELETE", "/none")] {
                let builder = Request::builder().method(method).uri(format!("/api/v1/namespaces{path}"));
                let request = builder.header("content-type", media).body(Full::new(Bytes::from(body.clone()))).unwrap();
                let status = ask(&mut http, request).await;
                assert!((400..500).contains(&status), "{method} {media}: {status}");
            }
        }
    }
}
