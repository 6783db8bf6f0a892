use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::behavior::Health;
use super::runtime::MemoryRuntime;
use super::state::ContainerRow;
use crate::{ContainerId, Error, GrpcHealth, Probe, ProbeAnswer, Prober, Result, Sessions};

#[async_trait]
impl Prober for MemoryRuntime {
    async fn probe(&self, id: &ContainerId, probe: &Probe, timeout: Duration) -> Result<ProbeAnswer> {
        let (health, scripted) = {
            let state = self.lock();
            let row = state.running(id)?;
            (row.health_now(), row.has_script_for(probe))
        };
        if let (Probe::Exec { command }, true) = (probe, scripted) {
            return match self.exec_sync(id, command, Some(timeout)).await {
                Ok(run) => Ok(ProbeAnswer::Exited { code: run.code, output: [run.stdout, run.stderr].concat().into() }),
                Err(Error::TimedOut { .. }) => Ok(ProbeAnswer::TimedOut),
                Err(error) => Err(error),
            };
        }
        if health == Health::Hanging {
            tokio::time::sleep(timeout).await;
        }
        Ok(answer(probe, health))
    }
}

impl ContainerRow {
    /// What a test said last, or what is scripted for this moment.
    fn health_now(&self) -> Health {
        if let Some(health) = self.health {
            return health;
        }
        let age = self.started.map(|started| started.elapsed()).unwrap_or_default();
        let reached = self.stage.health.iter().take_while(|(after, _)| *after <= age);
        reached.last().map_or(Health::Healthy, |(_, health)| *health)
    }

    fn has_script_for(&self, probe: &Probe) -> bool {
        let Probe::Exec { command } = probe else { return false };
        self.stage.execs.iter().any(|script| command.starts_with(&script.command))
    }
}

fn answer(probe: &Probe, health: Health) -> ProbeAnswer {
    let status = match health {
        Health::Hanging => return ProbeAnswer::TimedOut,
        Health::Healthy => 200,
        Health::Failing => 500,
        Health::Status(status) => status,
    };
    let healthy = status < 400;
    match probe {
        Probe::Http { .. } => {
            let body = Bytes::from_static(if healthy { b"ok" } else { b"not ok" });
            ProbeAnswer::Http { status, body }
        }
        Probe::Tcp { .. } if healthy => ProbeAnswer::Connected,
        Probe::Tcp { .. } => ProbeAnswer::Refused,
        Probe::Grpc { .. } if healthy => ProbeAnswer::Grpc(GrpcHealth::Serving),
        Probe::Grpc { .. } => ProbeAnswer::Grpc(GrpcHealth::NotServing),
        Probe::Exec { .. } => ProbeAnswer::Exited { code: i32::from(!healthy), output: Bytes::new() },
    }
}
