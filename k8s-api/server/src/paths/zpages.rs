use k8s_openapi::jiff::Timestamp;

use super::{Document, GIT_VERSION, text};

const WARNING: &str = "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility \
                       guarantees and is for debugging purposes only.";

/// The flags that the server was started with: a library has none.
pub(super) fn flags() -> Document {
    text(format!("\napiserver flagz\n{WARNING}\n"))
}

/// Since when the server runs, and as what.
///
/// Upstream: `k8s.io/apiserver/pkg/server/statusz`.
pub(super) fn status(started: Timestamp, now: Timestamp) -> Document {
    let since = started.strftime("%a %b %e %H:%M:%S UTC %Y");
    let up = now.duration_since(started).as_secs().max(0);
    let (hours, minutes, seconds) = (up / 3600, up / 60 % 60, up % 60);
    let version = GIT_VERSION.trim_start_matches('v');
    text(format!(
        "\napiserver statusz\n{WARNING}\n\n\
         Started= {since}\n\
         Up= {hours} hr {minutes:02} min {seconds:02} sec\n\
         Binary version= {version}\n\
         Emulation version= 1.36\n\
         Paths= /flagz /healthz /livez /metrics /readyz /statusz /version\n"
    ))
}
