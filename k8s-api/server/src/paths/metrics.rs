use std::fmt::Write;

use super::{Document, GIT_VERSION, health};

/// The content type of Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What this server counts: which build it is. It keeps no other metrics.
pub(super) fn metrics() -> Document {
    let body = format!(
        "# HELP kubernetes_build_info [ALPHA] A metric with a constant '1' value labeled by the version of the build.\n\
         # TYPE kubernetes_build_info gauge\n\
         kubernetes_build_info{{git_version=\"{GIT_VERSION}\",major=\"1\",minor=\"36\"}} 1\n"
    );
    Document { content_type: TEXT, ..Document::new(body.into(), None) }
}

/// Which health checks pass: all that a server which answers at all has.
///
/// Upstream: `k8s.io/component-base/metrics/prometheus/slis`.
pub(super) fn slis() -> Document {
    let mut body = "# HELP kubernetes_healthcheck [STABLE] Whether a health check passes.\n\
                    # TYPE kubernetes_healthcheck gauge\n"
        .to_owned();
    for (probe, check) in health::all_checks() {
        let _ = writeln!(body, "kubernetes_healthcheck{{name=\"{check}\",type=\"{probe}\"}} 1");
    }
    Document { content_type: TEXT, ..Document::new(body.into(), None) }
}
