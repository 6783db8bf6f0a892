use std::collections::BTreeSet;

use async_trait::async_trait;
use k8s_api::Status;
use k8s_api_client::{DeleteOptions, PatchKind, WriteOptions};
use serde_json::{Value, json};

use super::Role;
use crate::World;
use crate::state::Stored;

/// Deletes what has lost all its owners, and lets owners go that wait for that.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarbageCollector;

#[async_trait]
impl Role for GarbageCollector {
    async fn play(&self, world: &World) -> Result<bool, Status> {
        let objects = Stored::all(world.store()).await?;
        let alive: BTreeSet<&str> = objects.iter().map(Stored::uid).collect();
        let mut busy = false;
        for object in &objects {
            let owners = object.owners();
            let orphaned = !owners.is_empty() && !owners.iter().any(|uid| alive.contains(uid));
            if orphaned && !object.is_going() {
                object.delete(world, DeleteOptions::default()).await?;
                busy = true;
            } else if object.is_going() {
                busy |= let_go(world, object, &objects).await?;
            }
        }
        Ok(busy)
    }
}

/// Removes the finalizers that say what is to become of dependents, once that is done.
async fn let_go(world: &World, object: &Stored, objects: &[Stored]) -> Result<bool, Status> {
    let finalizers = object.value()["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let Some(word) = finalizers.iter().find(|f| *f == "foregroundDeletion" || *f == "orphan") else { return Ok(false) };
    let dependents: Vec<_> = objects.iter().filter(|other| other.owners().contains(&object.uid())).collect();
    for dependent in &dependents {
        if *word == "foregroundDeletion" && !dependent.is_going() {
            dependent.delete(world, DeleteOptions::default()).await?;
        }
    }
    if *word == "foregroundDeletion" && !dependents.is_empty() {
        return Ok(true);
    }
    let rest: Vec<&Value> = finalizers.iter().filter(|finalizer| *finalizer != word).collect();
    let patch = json!({ "metadata": { "finalizers": rest } });
    let Some(api) = object.api(world) else { return Ok(false) };
    api.patch(object.name(), "", PatchKind::Merge, &patch, WriteOptions::default()).await?;
    Ok(true)
}
