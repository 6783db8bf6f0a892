use std::sync::Arc;
use std::time::Duration;

use k8s_api_client::events::EventType;
use k8s_cri::{ContainerId, Probe as Ask, ProbeAnswer};
use k8s_openapi::api::core::v1::{Container, Pod, Probe};
use tokio::time::Instant;

use super::Kind;
use super::target::{self, host_port};
use super::verdict::{Address, Verdict, judge};
use crate::compile::expand;
use crate::context::Context;

/// How often a probe that cannot be asked is tried. Upstream: `maxProbeRetries`.
const TRIES: usize = 3;

/// One probe that will be asked.
pub(crate) struct Question {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) container: Arc<Container>,
    /// As events name the container.
    pub(crate) field_path: String,
    pub(crate) entry: usize,
    pub(crate) id: ContainerId,
    pub(crate) kind: Kind,
    pub(crate) spec: Probe,
    /// The pod's address.
    pub(crate) pod_ip: String,
    /// When to ask.
    pub(crate) at: Instant,
}

/// A probe that was asked.
pub(crate) struct Asked {
    pub(crate) question: Question,
    /// `None` when the answer counts for nothing.
    pub(crate) healthy: Option<bool>,
}

impl Question {
    /// Waits for its time, asks, and tells people what is wrong.
    pub(crate) async fn ask(self) -> Asked {
        tokio::time::sleep_until(self.at).await;
        let mut verdict = Verdict::Error(String::new());
        for _ in 0..TRIES {
            verdict = self.verdict().await;
            if !matches!(verdict, Verdict::Error(_)) {
                break;
            }
        }
        let healthy = self.report(verdict);
        Asked { question: self, healthy }
    }

    fn report(&self, verdict: Verdict) -> Option<bool> {
        let kind = self.kind.as_str();
        let (reason, message, healthy) = match verdict {
            Verdict::Success => return Some(true),
            Verdict::Warning(output) => ("ProbeWarning", format!("{kind} probe warning: {output}"), Some(true)),
            Verdict::Failure(output) => ("Unhealthy", format!("{kind} probe failed: {output}"), Some(false)),
            Verdict::Error(error) => {
                ("Unhealthy", format!("{kind} probe errored and resulted in unknown state: {error}"), None)
            }
        };
        self.context.part_event(&self.pod, &self.field_path, EventType::Warning, reason, message);
        healthy
    }

    async fn verdict(&self) -> Verdict {
        let timeout = Duration::from_secs(u64::try_from(self.spec.timeout_seconds.unwrap_or(1)).unwrap_or(1).max(1));
        let (ask, address) = match self.compile() {
            Ok(compiled) => compiled,
            Err(error) => return Verdict::Error(error),
        };
        match self.send(&ask, timeout).await {
            Ok(answer) => judge(answer, &ask, &address, timeout),
            Err(error) => Verdict::Error(error),
        }
    }

    async fn send(&self, ask: &Ask, timeout: Duration) -> Result<ProbeAnswer, String> {
        if let Some(prober) = self.context.prober() {
            return prober.probe(&self.id, ask, timeout).await.map_err(|error| error.to_string());
        }
        let Ask::Exec { command } = ask else { return Err("this node has no road into the pod network".to_owned()) };
        match self.context.runtime.exec_sync(&self.id, command, Some(timeout)).await {
            Ok(run) => Ok(ProbeAnswer::Exited { code: run.code, output: [run.stdout, run.stderr].concat().into() }),
            Err(k8s_cri::Error::TimedOut { .. }) => Ok(ProbeAnswer::TimedOut),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The question in the runtime's words.
    fn compile(&self) -> Result<(Ask, Address), String> {
        let named = |shown: String, host_port: String| Address { shown, host_port };
        let host = |own: Option<&String>| own.filter(|host| !host.is_empty()).cloned();
        if let Some(exec) = &self.spec.exec {
            let command = expand::only_static(exec.command.as_deref().unwrap_or_default(), &self.container);
            let shown = command.join(" ");
            return Ok((Ask::Exec { command }, named(shown, String::new())));
        }
        if let Some(http) = &self.spec.http_get {
            let port = target::port(&http.port, &self.container)?;
            let own = host(http.host.as_ref());
            let at = own.as_deref().unwrap_or(&self.pod_ip);
            let address = named(target::http_url(http, at, port), host_port(at, port));
            let headers = http.http_headers.iter().flatten().map(|h| (h.name.clone(), h.value.clone())).collect();
            let scheme = http.scheme.as_deref().unwrap_or("HTTP").to_ascii_lowercase();
            let path = http.path.clone().unwrap_or_else(|| "/".to_owned());
            return Ok((Ask::Http { scheme, host: own.unwrap_or_default(), port, path, headers }, address));
        }
        if let Some(tcp) = &self.spec.tcp_socket {
            let port = target::port(&tcp.port, &self.container)?;
            let own = host(tcp.host.as_ref());
            let at = host_port(own.as_deref().unwrap_or(&self.pod_ip), port);
            return Ok((Ask::Tcp { host: own.unwrap_or_default(), port }, named(at.clone(), at)));
        }
        if let Some(grpc) = &self.spec.grpc {
            let port = u16::try_from(grpc.port).map_err(|_| format!("invalid port number: {}", grpc.port))?;
            let at = host_port(&self.pod_ip, port);
            let service = grpc.service.clone().unwrap_or_default();
            return Ok((Ask::Grpc { port, service }, named(at.clone(), at)));
        }
        Err("missing probe handler".to_owned())
    }
}
