use std::path::Path;

use regex::Regex;

use super::step::Step;
use crate::kubectl::Said;

/// Takes away what cannot be the same twice: times, uids, addresses, random names, and widths of columns, which depend
/// on those. It is applied to what was recorded as well.
#[derive(Debug)]
pub(crate) struct Masks {
    replaced: Vec<(Regex, String)>,
    dropped: Vec<Regex>,
    /// How the client of this run says what 1.36 said in the recording.
    client: Vec<(Regex, &'static str)>,
}

/// In order.
const REPLACED: &[(&str, &str)] = &[
    // What an older client puts colours on.
    (r"\x1b\[[\d;]*m", ""),
    // What the vendor of the recorded server adds to the tokens of pods.
    (r"(?m)^ +- configMap:\n +items:\n +- key: service-ca.crt\n +path: service-ca.crt\n( +name: .*\n)?", ""),
    (
        r#",\s+\{\s+"?configMap"?: \{\s+"?items"?: \[\s*\{\s+"?key"?: "service-ca.crt",\s+"?path"?: "service-ca.crt",?\s+\}\s*\],?(\s*"name": "[^"]*")?\s+\}\s+\}"#,
        "",
    ),
    (r"(DownwardAPI: +true)\n +Optional: +false", "$1"),
    // Addresses of the run.
    (r"127\.0\.0\.1:\d+", "<server>"),
    (r"/(LIVE|MERGED)-\d+", "/$1-<n>"),
    (r"edit-\d+\.yaml", "edit-<n>.yaml"),
    (r"(?m)^([EWI])\d{4} [\d:.]+ +\d+ ", "$1<klog> "),
    // Releases of client and server.
    (r"v1\.\d+\.\d+(-gke\.\d+|-dispatcher)?", "v1.x"),
    (r#"("?(?:gitCommit|goVersion|platform|buildDate|gitTreeState)"?:) .*"#, "$1 <build>"),
    (r"Kustomize Version: .*", "Kustomize Version: <build>"),
    (r#"("?kustomizeVersion"?:) .*"#, "$1 <build>"),
    // Times.
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}", "<time>"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<date>"),
    (r" ?\(x(\d+|<n>) over [^)]*\)", ""),
    // Identities.
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r#"("?resourceVersion"?: )"\d+""#, r#"$1"<rv>""#),
    (r"(Resource Version: +)\d+", "$1<rv>"),
    (r"Created on: .*", "Created on: <time>"),
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<jwt>"),
    (r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]+", "<pem-base64>"),
    (r"\.[0-9a-f]{16}\b", ".<hex>"),
    // Containers and their images' digests are the runtime's.
    (r#"("?containerID"?:) .*"#, "$1 <id>"),
    (r#"("?imageID"?:) .*"#, "$1 <id>"),
    (r"(?m)((?:Container|Image) ID:) +\S+$", "$1 <id>"),
    // Nodes and pods.
    (r"\bhollow-\d\b", "hollow-N"),
    (r"\b(192\.(?:0\.2|168\.\d+)|172\.18\.\d+|10\.244\.\d+)\.\d+\b", "<ip>"),
    (r"\b(web|dep1|dep2)-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "$1-<hash>"),
    (r"\b(pod-template-hash[=:] ?)[bcdfghjklmnpqrstvwxz2456789]{1,10}\b", "$1<hash>"),
    (
        r"\b(<hash>|agent|oldrc|once|manual|j1|cj-\d+|debugger|kube-api-access)-[bcdfghjklmnpqrstvwxz2456789]{5}\b",
        "$1-xxxxx",
    ),
    (r"(<hash>)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "$1-xxxxx"),
    (r"(?m)^((?:Name: +)?(?:web|np|lb|exposed|noport))-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "$1-xxxxx"),
    (r"(?m)^db-[bcdfghjklmnpqrstvwxz2456789]{5}( +IPv4)", "db-xxxxx$1"),
    (r"\b(agent|db)-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "$1-<hash>"),
    (r"\b(controller-revision-hash=)[bcdfghjklmnpqrstvwxz2456789]{1,10}\b", "$1<hash>"),
];

/// Lines that depend on how fast things happen, or that tell of what no controller here does yet.
const DROPPED: &[&str] = &[
    r"^Waiting for (deployment|daemon set) ",
    r"^(pod/)?(cj-\d+-xxxxx)( |$)",
    r" (persistentvolumeclaim|horizontalpodautoscaler|PersistentVolumeClaim|HorizontalPodAutoscaler)/\w+ (waiting|invalid|failed|storage)",
    r"^event/cj-",
    // What the nodes tell of containers: the recorded nodes told nothing.
    r"^<age> Normal (Created|Pulled|Pulling|Started|Killing) pod/",
    r"^ +(Normal|Warning) \w+ <age> kubelet ",
    r#"^ +"?started"?: true,?$"#,
    // Clients of other releases than the server's say so.
    r"^WARNING: (version difference|This version information)",
];

/// How older clients say it, with the first minor version that says it as recorded.
const CLIENTS: &[(u32, &str, &str)] = &[
    (34, r"(deleted) from \S+ namespace", "$1"),
    (34, r"(?m)(Port: +\d+/(?:TCP|UDP)) \(\w+\)$", "$1"),
    (33, r"(ConfigMapName: .*\n +)Optional: +false", "${1}ConfigMapOptional: <nil>"),
];

/// Commands whose lines come in an order that depends on random names, on what happened first or, in the client, on a map.
const UNORDERED: &[u32] = &[116, 128, 190, 227, 228, 337, 386, 571];

/// Of these also how often a line comes: it depends on how many pods a roll-out made before the next one began.
const REPEATING: &[u32] = &[571];

impl Masks {
    /// `home` is the folder of the run, `minor` the client's version.
    pub(crate) fn new(home: &Path, minor: u32) -> Self {
        let home = regex::escape(&home.display().to_string());
        let folders = [(format!("{home}/tmp"), "<tmp>"), (format!("{home}/manifests/"), "manifests/"), (home, "<run>")];
        let folders = folders.into_iter().map(|(from, to)| (regex(&from), to.to_owned()));
        let others = REPLACED.iter().map(|(from, to)| (regex(from), (*to).to_owned()));
        let client = CLIENTS.iter().filter(|(since, ..)| minor < *since);
        Self {
            replaced: folders.chain(others).collect(),
            dropped: DROPPED.iter().map(|line| regex(line)).collect(),
            client: client.map(|(_, from, to)| (regex(from), *to)).collect(),
        }
    }

    /// What was recorded, in the words of this client.
    pub(crate) fn as_this_client(&self, said: &Said) -> Said {
        let words = |text: &str| {
            self.client.iter().fold(text.to_owned(), |text, (from, to)| from.replace_all(&text, *to).into_owned())
        };
        Said { exit: said.exit.clone(), stdout: words(&said.stdout), stderr: words(&said.stderr) }
    }

    pub(crate) fn apply(&self, said: &Said, step: &Step) -> Said {
        let masked = |text: &str| {
            let mut lines = self.lines(text);
            if UNORDERED.contains(&step.n) {
                lines.sort();
            }
            if REPEATING.contains(&step.n) {
                lines.dedup();
            }
            lines.join("\n").trim_end().to_owned()
        };
        Said { exit: said.exit.clone(), stdout: masked(&said.stdout), stderr: masked(&said.stderr) }
    }

    fn lines(&self, text: &str) -> Vec<String> {
        let text =
            self.replaced.iter().fold(text.to_owned(), |text, (from, to)| from.replace_all(&text, to).into_owned());
        let lines = text.lines().map(squeeze);
        let mut lines: Vec<_> = lines.filter(|line| !self.dropped.iter().any(|d| d.is_match(line))).collect();
        without_empty_events(&mut lines);
        lines
    }
}

/// A table of events from which all lines were dropped is no table.
fn without_empty_events(lines: &mut Vec<String>) {
    let is_heading = |line: Option<&String>| line.is_some_and(|line| line == "  ---- ------ ---- ---- -------");
    for at in (0..lines.len()).rev() {
        let follows = lines.get(at + 3).is_some_and(|line| line.starts_with("  "));
        if lines[at] == "Events:" && is_heading(lines.get(at + 2)) && !follows {
            lines.splice(at..at + 3, ["Events: <none>".to_owned()]);
        }
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// One blank between words, none at the end, and ages masked; what comes before the first word stays.
fn squeeze(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let words: Vec<&str> = line.split_whitespace().map(|word| if is_age(word) { "<age>" } else { word }).collect();
    format!("{}{}", &line[..indent], words.join(" ")).trim_end().to_owned()
}

/// `5s`, `2m`, `2m31s`.
fn is_age(word: &str) -> bool {
    let seconds =
        |text: &str| text.strip_suffix('s').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let minutes = |text: &str| text.len() < 3 && text.bytes().all(|b| b.is_ascii_digit()) && text != "0";
    match word.split_once('m') {
        Some((before, "")) => minutes(before),
        Some((before, after)) => minutes(before) && seconds(after),
        None => word == "<invalid>" || seconds(word),
    }
}
