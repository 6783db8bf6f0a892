use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;

use super::cluster::{Answer, Cluster};
use super::mask::{self, Bound};
use super::record::{self, Case};
use super::{diff, seed};

/// Headers whose values are compared; of the others not even the presence is.
const VALUES: [&str; 7] =
    ["content-type", "cache-control", "vary", "x-content-type-options", "location", "warning", "etag"];

/// What remains to be told of a run.
#[derive(Default)]
struct Report {
    equal: usize,
    differing: Vec<(String, Vec<String>)>,
    unsupported: Vec<(String, &'static str)>,
    unrecorded: usize,
}

/// Replays a topic and asks for at least `floor` percent equal answers of those that can be compared.
pub(super) async fn replay(topic: &str, floor: usize) {
    let Some(cases) = record::read(topic) else {
        eprintln!("SKIPPED: no recordings of {topic} beside the repository");
        return;
    };
    let cluster = Cluster::new().await;
    seed::before(topic, &cluster, &cases).await;
    let mut run = Run { cluster, cases: cases.clone(), bound: Bound::new(), etags: BTreeMap::new() };
    let mut report = Report::default();
    for case in &cases {
        if case.response.status == 0 {
            report.unrecorded += 1;
        } else if let Some(why) = record::unsupported(case) {
            report.unsupported.push((case.name.clone(), why));
        } else {
            seed::between(topic, &case.name, &run.cluster).await;
            match run.play(case).await {
                differences if differences.is_empty() => report.equal += 1,
                differences => report.differing.push((case.name.clone(), differences)),
            }
        }
    }
    report.publish(topic);
    let compared = report.equal + report.differing.len();
    assert!(report.equal * 100 >= floor * compared, "{topic}: {} of {compared} equal", report.equal);
}

struct Run {
    cluster: Cluster,
    cases: Vec<Case>,
    bound: Bound,
    /// The newest etag of each path, for conditional requests.
    etags: BTreeMap<String, String>,
}

impl Run {
    async fn play(&mut self, case: &Case) -> Vec<String> {
        let request = match self.request(case).await {
            Ok(request) => request,
            Err(error) => return vec![format!("the request cannot be built: {error}")],
        };
        let answer = self.cluster.send(request).await;
        let path = case.request.path.split('?').next().unwrap_or_default();
        if let Some(etag) = answer.headers.get("etag").and_then(|v| v.to_str().ok()) {
            self.etags.insert(path.to_owned(), etag.trim_matches('"').to_owned());
        }
        self.compare(case, &answer)
    }

    async fn request(&mut self, case: &Case) -> Result<http::Request<Full<Bytes>>, http::Error> {
        let path = self.path(&case.request.path);
        let mut builder = http::Request::builder().method(case.request.method.as_str()).uri(path);
        let etag = self.etags.get(case.request.path.split('?').next().unwrap_or_default());
        for (name, value) in &case.request.headers {
            let value = match value.as_str() {
                "<admin>" | "<alice>" | "<bob>" => format!("Bearer {}", value.trim_matches(['<', '>'])),
                "<bad-token>" => "Bearer nobody".to_owned(),
                "<etag>" => format!("\"{}\"", etag.map_or("none", String::as_str)),
                other => other.replace("<admin>", "admin").replace("<hash>", etag.map_or("none", String::as_str)),
            };
            builder = builder.header(name, value);
        }
        builder.body(Full::new(self.body(case).await))
    }

    fn path(&self, path: &str) -> String {
        let base = path.split('?').next().unwrap_or_default();
        let hash = self.etags.get(base).map_or("none", String::as_str);
        let path = path.replace("<hash>", hash).replace("<other>", "0");
        let path = match path.split_once("continue={") {
            Some((before, token)) => {
                let token = mask::fill(&format!("{{{token}"), &self.bound);
                let mut token: Value = serde_json::from_str(&token).unwrap();
                token["rv"] = token["rv"].as_str().unwrap_or_default().parse::<i64>().unwrap_or_default().into();
                format!("{before}continue={}", URL_SAFE_NO_PAD.encode(token.to_string()))
            }
            None => path,
        };
        mask::fill(&path, &self.bound)
    }

    async fn body(&self, case: &Case) -> Bytes {
        let text = match &case.request.body {
            None | Some(Value::Null) => return Bytes::new(),
            Some(Value::String(text)) => match text.as_str() {
                "<a ConfigMap of 3 MiB and a little>" => big(3),
                "<a ConfigMap of 2 MiB and a little>" => big(2),
                text if text.ends_with("the rest as elsewhere in this file>") => self.shortened(case, text),
                text => text.to_owned(),
            },
            Some(body) => body.to_string(),
        };
        if case.request.method == "PUT" && (text.contains("<rv>") || text.contains("<uid>")) {
            let path = case.request.path.split('?').next().unwrap_or_default();
            let current = self.cluster.must("GET", path, &Value::Null).await;
            let meta = |key: &str| current["metadata"][key].as_str().unwrap_or_default().to_owned();
            // This one literal was masked like all others.
            let stale = case.name.ends_with("metadata.resourceVersion = \"1\"");
            let version = if stale { "1".to_owned() } else { meta("resourceVersion") };
            let text = text.replace("<rv>", &version).replace("<uid>", &meta("uid"));
            return mask::fill(&text, &self.bound).into();
        }
        mask::fill(&text, &self.bound).into()
    }

    /// A body that was too long to be written down: `<FIELD = a value of N characters; ...>`.
    fn shortened(&self, case: &Case, note: &str) -> String {
        let field = note.trim_start_matches('<').split(" = ").next().unwrap_or_default();
        let length = note.split(' ').find_map(|word| word.parse::<usize>().ok()).unwrap_or_default();
        let letter = if case.request.path.contains("/secrets") { "A" } else { "x" };
        let same_path = |other: &&Case| other.request.path == case.request.path && other.response.status == 201;
        let mut body = match self.cases.iter().find(same_path).and_then(|other| other.request.body.clone()) {
            Some(body) if body.is_object() => body,
            _ => self
                .cases
                .iter()
                .filter(|other| other.request.path == case.request.path)
                .find_map(|other| other.request.body.clone().filter(Value::is_object))
                .unwrap(),
        };
        // The count includes what JSON has around the letters: {"a": ""}.
        let value = serde_json::json!({"a": letter.repeat(length - 9)});
        let pointer = format!("/{}", field.replace('.', "/"));
        match body.pointer_mut(&pointer) {
            Some(place) => *place = value,
            None => match field.rsplit_once('.') {
                Some((parent, last)) => body[parent][last] = value,
                None => body[field] = value,
            },
        }
        body.to_string()
    }

    fn compare(&mut self, case: &Case, answer: &Answer) -> Vec<String> {
        let mut out = Vec::new();
        let want = &case.response;
        if want.status != answer.status {
            out.push(format!("status\n  want {}\n  have {}", want.status, answer.status));
        }
        for name in VALUES {
            let have: Vec<&str> = answer.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
            let want: Vec<&str> = match want.headers.get(name) {
                Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
                Some(value) => value.as_str().into_iter().collect(),
                None => Vec::new(),
            };
            let pairs = want.iter().zip(&have);
            if want.len() != have.len() || !pairs.into_iter().all(|(w, h)| mask::matches(w, h, &mut self.bound)) {
                out.push(format!("header {name}\n  want {want:?}\n  have {have:?}"));
            }
        }
        let content_type = want.headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
        if case.request.method != "HEAD" && want.body != "<omitted>" {
            out.extend(diff::bodies(&want.body, &answer.body, content_type, &mut self.bound));
        }
        out
    }
}

fn big(mebibytes: usize) -> String {
    let value = "x".repeat(mebibytes * 1024 * 1024 + 1);
    format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"big"}},"data":{{"a":"{value}"}}}}"#)
}

impl Report {
    fn publish(&self, topic: &str) {
        let mut text = format!(
            "{topic}: {} equal, {} differing, {} not yet supported, {} without a recording (managedFields dropped)\n",
            self.equal,
            self.differing.len(),
            self.unsupported.len(),
            self.unrecorded
        );
        for (name, differences) in &self.differing {
            let reason = differences[0].replace('\n', " ");
            let reason: String = reason.chars().take(240).collect();
            let _ = writeln!(text, "  differs: {name}: {reason}");
        }
        for (name, why) in &self.unsupported {
            let _ = writeln!(text, "  not yet supported: {name}: {why}");
        }
        eprint!("{text}");
        for (name, differences) in &self.differing {
            let _ = writeln!(text, "\n== {name}\n{}", differences.join("\n"));
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/golden");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{topic}.txt")), text).unwrap();
    }
}
