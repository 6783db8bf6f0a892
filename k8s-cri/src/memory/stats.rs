use async_trait::async_trait;
use jiff::Timestamp;

use super::runtime::{MemoryRuntime, passes};
use super::state::{ContainerRow, State};
use crate::{
    ContainerFilter, ContainerId, ContainerStats, CpuUsage, FsStats, InterfaceStats, MemoryUsage, Result,
    SandboxFilter, SandboxState, SandboxStats, Stats,
};

/// What a container uses unless its script says otherwise: a thousandth of a core and 4 MiB.
const USAGE: (u64, u64) = (1_000_000, 4 << 20);

#[async_trait]
impl Stats for MemoryRuntime {
    async fn container_stats(&self, filter: &ContainerFilter) -> Result<Vec<ContainerStats>> {
        let now = self.now();
        let state = self.lock();
        let running = state.containers.iter().filter(|(id, row)| passes(filter, id, row));
        Ok(running.filter_map(|(id, row)| row.stats(id, now)).collect())
    }

    async fn sandbox_stats(&self, filter: &SandboxFilter) -> Result<Vec<SandboxStats>> {
        let now = self.now();
        let ready = SandboxFilter { state: Some(SandboxState::Ready), ..filter.clone() };
        let mut shown = crate::Sandboxes::list_sandboxes(self, &ready).await?;
        shown.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let state = self.lock();
        Ok(shown
            .into_iter()
            .map(|sandbox| {
                let containers = state.stats_in(&sandbox.id, now);
                SandboxStats {
                    metadata: sandbox.config.metadata.clone(),
                    at: now,
                    cpu: CpuUsage {
                        usage_core_nanoseconds: containers.iter().map(|c| c.cpu.usage_core_nanoseconds).sum(),
                        usage_nanocores: containers.iter().map(|c| c.cpu.usage_nanocores).sum(),
                    },
                    memory: total(&containers),
                    interfaces: vec![InterfaceStats { name: "eth0".into(), ..InterfaceStats::default() }],
                    process_count: containers.len() as u64 + 1,
                    containers,
                    id: sandbox.id,
                }
            })
            .collect())
    }
}

impl State {
    fn stats_in(&self, sandbox: &crate::SandboxId, now: Timestamp) -> Vec<ContainerStats> {
        let Ok(row) = self.sandbox(sandbox) else { return Vec::new() };
        let rows = row.containers.iter().filter_map(|id| Some((id, self.containers.get(id)?)));
        rows.filter_map(|(id, row)| row.stats(id, now)).collect()
    }
}

impl ContainerRow {
    /// `None` unless it runs.
    fn stats(&self, id: &ContainerId, now: Timestamp) -> Option<ContainerStats> {
        let crate::ContainerState::Running { .. } = self.state else { return None };
        let (nanocores, memory) = self.stage.usage.unwrap_or(USAGE);
        let age = self.started?.elapsed();
        let limit = u64::try_from(self.resources().memory_limit).unwrap_or(0);
        Some(ContainerStats {
            id: id.clone(),
            sandbox: self.sandbox.clone(),
            metadata: self.config.metadata.clone(),
            at: now,
            cpu: CpuUsage {
                usage_core_nanoseconds: (age.as_secs_f64() * nanocores as f64) as u64,
                usage_nanocores: nanocores,
            },
            memory: MemoryUsage {
                working_set: memory,
                available: limit.saturating_sub(memory),
                usage: memory,
                rss: memory,
                ..MemoryUsage::default()
            },
            writable_layer: FsStats { used_bytes: 4096, inodes_used: 1 },
        })
    }
}

fn total(containers: &[ContainerStats]) -> MemoryUsage {
    containers.iter().fold(MemoryUsage::default(), |sum, container| MemoryUsage {
        working_set: sum.working_set + container.memory.working_set,
        available: sum.available + container.memory.available,
        usage: sum.usage + container.memory.usage,
        rss: sum.rss + container.memory.rss,
        ..sum
    })
}
