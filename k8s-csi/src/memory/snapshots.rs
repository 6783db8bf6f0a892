use async_trait::async_trait;

use super::driver::{MemoryDriver, Saved};
use crate::{CreateSnapshot, Error, Result, Secrets, Snapshot, Snapshots};

#[async_trait]
impl Snapshots for MemoryDriver {
    async fn create_snapshot(&self, request: CreateSnapshot) -> Result<Snapshot> {
        let mut state = self.lock();
        if let Some(saved) = state.snapshots.values().find(|saved| saved.name == request.name) {
            let same = saved.snapshot.volume_id == request.volume_id;
            return if same { Ok(saved.snapshot.clone()) } else { Err(Error::AlreadyExists { name: request.name }) };
        }
        let row = state.volume(&request.volume_id)?;
        let snapshot = Snapshot {
            id: self.0.env.random.uuid(),
            volume_id: request.volume_id,
            size: row.volume.capacity,
            created: self.0.env.clock.now(),
            ready: true,
        };
        let saved = Saved { name: request.name, snapshot: snapshot.clone(), files: row.files.copy() };
        state.snapshots.insert(snapshot.id.clone(), saved);
        Ok(snapshot)
    }

    async fn delete_snapshot(&self, snapshot_id: &str, _secrets: &Secrets) -> Result<()> {
        self.lock().snapshots.remove(snapshot_id);
        Ok(())
    }

    async fn list_snapshots(&self, volume_id: Option<&str>) -> Result<Vec<Snapshot>> {
        let state = self.lock();
        let wanted = state.snapshots.values().filter(|saved| volume_id.is_none_or(|id| saved.snapshot.volume_id == id));
        Ok(wanted.map(|saved| saved.snapshot.clone()).collect())
    }
}
