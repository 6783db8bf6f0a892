use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_api::{Kind, Status};
use k8s_api_client::PatchKind;
use k8s_openapi::api::core::v1::Node;
use serde_json::json;

use super::Role;
use crate::World;

/// Says of nodes, every ten seconds, that they are ready.
#[derive(Clone, Debug)]
pub struct Heartbeats {
    silent: Option<(&'static str, &'static str)>,
}

const PERIOD: Duration = Duration::from_secs(10);

impl Heartbeats {
    /// All nodes are heard.
    pub fn all() -> Self {
        Self { silent: None }
    }

    /// A node with this label is not heard.
    pub fn except(label: &'static str, value: &'static str) -> Self {
        Self { silent: Some((label, value)) }
    }

    fn is_silent(&self, node: &Node) -> bool {
        let labels = node.metadata.labels.as_ref();
        self.silent.is_some_and(|(label, value)| labels.and_then(|l| l.get(label)).is_some_and(|v| v == value))
    }
}

#[async_trait]
impl Role for Heartbeats {
    async fn play(&self, world: &World) -> Result<bool, Status> {
        let now = world.clock().now();
        let mut first = false;
        for node in world.all::<Node>().await? {
            let ready = node.status.iter().flat_map(|s| s.conditions.iter().flatten()).find(|c| c.type_ == "Ready");
            let last = ready.and_then(|ready| ready.last_heartbeat_time.as_ref()).map(|time| time.0);
            if self.is_silent(&node) && last.is_some() || last.is_some_and(|last| !is_due(last, now)) {
                continue;
            }
            let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let was_ready = ready.is_some_and(|ready| ready.status == "True");
            let mut condition = json!({
                "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
                "lastHeartbeatTime": time,
            });
            if !was_ready {
                condition["lastTransitionTime"] = json!(time);
                first = true;
            }
            let patch = json!({ "status": { "conditions": [condition] } });
            world.admin().api::<Node>().patch_status(node.name(), PatchKind::Strategic, &patch).await?;
        }
        Ok(first)
    }
}

fn is_due(last: Timestamp, now: Timestamp) -> bool {
    now.duration_since(last) >= SignedDuration::try_from(PERIOD).unwrap_or(SignedDuration::ZERO)
}
