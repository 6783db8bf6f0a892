//! Lifecycle hooks.
//!
//! Upstream: `pkg/kubelet/lifecycle`.

use std::time::Duration;

use k8s_cri::{ContainerId, Probe, ProbeAnswer};
use k8s_openapi::api::core::v1::{Container, LifecycleHandler, Pod};

use super::format_pod;
use crate::context::Context;
use crate::probe;

/// No hook over HTTP takes longer than a probe may.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs a hook of a running container.
///
/// # Errors
/// A sentence for people.
pub(crate) async fn run(
    context: &Context,
    pod: &Pod,
    container: &Container,
    id: &ContainerId,
    hook: &LifecycleHandler,
) -> Result<(), String> {
    let (name, pod) = (&container.name, format_pod(pod));
    if let Some(exec) = &hook.exec {
        let command = exec.command.as_deref().unwrap_or_default();
        let ran = context.runtime.exec_sync(id, command, None).await;
        let (error, output) = match ran {
            Ok(run) if run.code == 0 => return Ok(()),
            Ok(run) => {
                let output = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
                (format!("command '{}' exited with {}: {output}", command.join(" "), run.code), output)
            }
            Err(error) => (error.to_string(), String::new()),
        };
        let shown = command.join(" ");
        return Err(format!(
            "Exec lifecycle hook ([{shown}]) for Container {name:?} in Pod {pod:?} failed - error: {error}, message: {output:?}"
        ));
    }
    if let Some(http) = &hook.http_get {
        let path = http.path.as_deref().unwrap_or_default();
        return get(context, container, id, http).await.map_err(|error| {
            format!("HTTP lifecycle hook ({path}) for Container {name:?} in Pod {pod:?} failed - error: {error}")
        });
    }
    if let Some(sleep) = &hook.sleep {
        tokio::time::sleep(Duration::from_secs(u64::try_from(sleep.seconds).unwrap_or(0))).await;
        return Ok(());
    }
    Err("Cannot run handler: invalid handler".to_owned())
}

/// Any answer will do.
async fn get(
    context: &Context,
    container: &Container,
    id: &ContainerId,
    http: &k8s_openapi::api::core::v1::HTTPGetAction,
) -> Result<(), String> {
    let port = probe::port(&http.port, container)?;
    let host = http.host.clone().unwrap_or_default();
    let url = probe::http_url(http, &host, port);
    let question = Probe::Http {
        scheme: http.scheme.as_deref().unwrap_or("HTTP").to_ascii_lowercase(),
        host,
        port,
        path: http.path.clone().unwrap_or_else(|| "/".to_owned()),
        headers: http.http_headers.iter().flatten().map(|h| (h.name.clone(), h.value.clone())).collect(),
    };
    let prober = context.prober().ok_or("this node has no road into the pod network")?;
    match prober.probe(id, &question, HTTP_TIMEOUT).await.map_err(|error| error.to_string())? {
        ProbeAnswer::Refused => Err(format!("Get \"{url}\": dial tcp: connect: connection refused")),
        ProbeAnswer::TimedOut => Err(format!("Get \"{url}\": context deadline exceeded")),
        _ => Ok(()),
    }
}
