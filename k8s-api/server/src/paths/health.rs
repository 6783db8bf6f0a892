use std::fmt::Write;

use k8s_api::Status;

use super::{Document, plain_404, text};

const PROBES: [&str; 3] = ["healthz", "livez", "readyz"];
/// What upstream checks before its hooks, in its order.
const LIVE: [&str; 4] = ["ping", "log", "loopback-serving-certificate", "etcd"];
const READY: [&str; 3] = ["ping", "log", "informer-sync"];
/// The work of a start, by upstream's names: a server that answers has done all of it.
const HOOKS: [&str; 31] = [
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-wait-for-first-sync",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];
const SHUTDOWN: &str = "shutdown";

/// Every path of a probe or of one of its checks.
pub(super) fn paths() -> Vec<String> {
    let mut out = Vec::new();
    for probe in PROBES {
        out.push(format!("/{probe}"));
        out.extend(checks(probe).map(|check| format!("/{probe}/{check}")));
    }
    out
}

/// Every check of every probe, with the probe's name.
pub(super) fn all_checks() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROBES.into_iter().flat_map(|probe| checks(probe).map(move |check| (probe, check)))
}

/// Answers a probe; `None` when the path is none.
///
/// Upstream: `k8s.io/apiserver/pkg/server/healthz`.
pub(super) fn check(path: &str, query: &str) -> Option<Result<Document, Status>> {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let probe = parts.next().filter(|probe| PROBES.contains(probe))?;
    if let Some(one) = parts.next() {
        let known = checks(probe).any(|check| check == one);
        return Some(if known { Ok(text("ok".to_owned())) } else { Err(plain_404()) });
    }
    let verbose = query.split('&').any(|p| p == "verbose" || p.starts_with("verbose="));
    let body = if verbose { report(probe, query) } else { "ok".to_owned() };
    Some(Ok(Document { sniffless: true, ..text(body) }))
}

fn report(probe: &str, query: &str) -> String {
    let excluded: Vec<&str> = query.split('&').filter_map(|p| p.strip_prefix("exclude=")).collect();
    let mut report = String::new();
    for check in checks(probe) {
        let note = if excluded.contains(&check) { "excluded: ok" } else { "ok" };
        let _ = writeln!(report, "[+]{check} {note}");
    }
    for name in excluded.iter().filter(|name| checks(probe).all(|check| check != **name)) {
        let _ = writeln!(report, "warn: some health checks cannot be excluded: no matches for \"{name}\"");
    }
    let _ = writeln!(report, "{probe} check passed");
    report
}

fn checks(probe: &str) -> impl Iterator<Item = &'static str> + use<> {
    let ready = probe == "readyz";
    let first: &'static [&'static str] = if ready { &READY } else { &LIVE };
    first.iter().copied().chain(HOOKS).chain(ready.then_some(SHUTDOWN))
}
