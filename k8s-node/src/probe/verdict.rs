use std::time::Duration;

use k8s_cri::{GrpcHealth, ProbeAnswer};

use crate::time::go_duration;

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well.
    Success,
    /// All is well, but people should know something.
    Warning(String),
    /// It is not, and why.
    Failure(String),
    /// Nobody could ask; the answer counts for nothing.
    Error(String),
}

/// How messages name what was asked.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// The URL or `host:port`, or the quoted command.
    pub(super) shown: String,
    /// `host:port`.
    pub(super) host_port: String,
}

/// Judges an answer, in upstream's words.
///
/// Upstream: `pkg/probe/{http,tcp,grpc,exec}`.
pub(super) fn judge(answer: ProbeAnswer, question: &k8s_cri::Probe, at: &Address, timeout: Duration) -> Verdict {
    match (answer, question) {
        (ProbeAnswer::Http { status: 200..=299, .. } | ProbeAnswer::Connected, _) => Verdict::Success,
        (ProbeAnswer::Http { status: 300..=399, body }, _) => {
            Verdict::Warning(format!("Probe terminated redirects, Response body: {}", String::from_utf8_lossy(&body)))
        }
        (ProbeAnswer::Http { status, .. }, _) => {
            Verdict::Failure(format!("HTTP probe failed with statuscode: {status}"))
        }
        (ProbeAnswer::Grpc(health), _) => grpc(health),
        (ProbeAnswer::Exited { code: 0, .. }, _) => Verdict::Success,
        (ProbeAnswer::Exited { output, .. }, _) => {
            Verdict::Failure(String::from_utf8_lossy(&output[..output.len().min(10 << 10)]).into_owned())
        }
        (ProbeAnswer::Refused, k8s_cri::Probe::Http { .. }) => {
            let Address { shown, host_port } = at;
            Verdict::Failure(format!("Get \"{shown}\": dial tcp {host_port}: connect: connection refused"))
        }
        (ProbeAnswer::Refused, k8s_cri::Probe::Grpc { .. }) => {
            let Address { host_port, .. } = at;
            Verdict::Failure(format!(
                "error: failed to connect service at {host_port:?}: connection error: desc = \"transport: Error while \
                 dialing: dial tcp {host_port}: connect: connection refused\""
            ))
        }
        (ProbeAnswer::Refused, _) => {
            Verdict::Failure(format!("dial tcp {}: connect: connection refused", at.host_port))
        }
        (ProbeAnswer::TimedOut, question) => Verdict::Failure(timed_out(question, at, timeout)),
    }
}

fn grpc(health: GrpcHealth) -> Verdict {
    Verdict::Failure(match health {
        GrpcHealth::Serving => return Verdict::Success,
        GrpcHealth::NotServing => "service unhealthy (responded with \"NOT_SERVING\")".to_owned(),
        GrpcHealth::UnknownService => {
            "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service".to_owned()
        }
        GrpcHealth::Unimplemented => {
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service \
             grpc.health.v1.Health"
                .to_owned()
        }
    })
}

fn timed_out(question: &k8s_cri::Probe, at: &Address, timeout: Duration) -> String {
    let Address { shown, host_port } = at;
    match question {
        k8s_cri::Probe::Http { .. } => {
            format!("Get \"{shown}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        }
        k8s_cri::Probe::Tcp { .. } => format!("dial tcp {host_port}: i/o timeout"),
        k8s_cri::Probe::Grpc { .. } => {
            format!("timeout: health rpc did not complete within {}", go_duration(timeout))
        }
        k8s_cri::Probe::Exec { .. } => {
            format!("command timed out: {shown:?} timed out after {}", go_duration(timeout))
        }
    }
}
