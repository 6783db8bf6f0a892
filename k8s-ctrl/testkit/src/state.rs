//! What two runs are compared by: everything that is stored, without what chance and time put into it.

mod mask;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use k8s_api::registry::{Registry, ResourceInfo};
use k8s_api::{GroupVersionKind, GroupVersionResource, Status};
use k8s_api_client::{DeleteOptions, DynamicApi};
use k8s_store::{KeyRange, RangeOptions, Store};
use serde_json::Value;

use crate::World;
use mask::Mask;

/// Not compared: how often something was told, and what the server keeps for itself.
const IGNORED: [&str; 2] = ["/registry/events/", "/registry/ranges/"];

/// One stored object.
#[derive(Debug)]
pub(crate) struct Stored {
    key: String,
    value: Value,
}

/// All stored objects, comparable between runs: each as its masked key and JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State(Vec<(String, Value)>);

impl Stored {
    pub(crate) async fn all(store: &Arc<dyn Store>) -> Result<Vec<Self>, Status> {
        let page = store.range(KeyRange::all(), RangeOptions::latest()).await.map_err(Status::internal)?;
        let objects = page.items.iter().filter_map(|item| {
            let key = String::from_utf8_lossy(&item.key).into_owned();
            let value: Value = serde_json::from_slice(&item.value).ok()?;
            let keep = value["metadata"].is_object() && !IGNORED.iter().any(|prefix| key.starts_with(prefix));
            keep.then_some(Self { key, value })
        });
        Ok(objects.collect())
    }

    /// The objects of a YAML manifest, as far as they say who they are.
    pub(crate) fn read(manifest: &str) -> Result<Vec<Self>, Status> {
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(manifest).map_err(|error| Status::bad_request(error.to_string()))?;
        Ok(documents.into_iter().map(|value| Self { key: String::new(), value }).collect())
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    pub(crate) fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn uid(&self) -> &str {
        self.value["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// The uids of its owners.
    pub(crate) fn owners(&self) -> Vec<&str> {
        let owners = self.value["metadata"]["ownerReferences"].as_array();
        owners.into_iter().flatten().filter_map(|owner| owner["uid"].as_str()).collect()
    }

    pub(crate) fn is_going(&self) -> bool {
        self.value["metadata"]["deletionTimestamp"].is_string()
    }

    /// Whether it comes from a manifest of the scenario.
    pub(crate) fn is_applied(&self) -> bool {
        self.value["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].is_string()
    }

    /// The collection it is in; `None` for a kind that the server does not serve.
    pub(crate) fn resource(&self) -> Option<GroupVersionResource> {
        self.info().map(|info| info.gvr.clone())
    }

    fn info(&self) -> Option<Arc<ResourceInfo>> {
        let word = |field: &str| self.value[field].as_str().unwrap_or_default();
        let kind = GroupVersionKind::parse(word("apiVersion"), word("kind"));
        Registry::builtin().snapshot().gvk(&kind).cloned()
    }

    pub(crate) fn api(&self, world: &World) -> Option<DynamicApi> {
        let info = self.info()?;
        let otherwise = if info.namespaced { "default" } else { "" };
        let namespace = self.value["metadata"]["namespace"].as_str().unwrap_or(otherwise);
        Some(world.admin().dynamic(info.gvr.clone(), namespace))
    }

    /// Asks the server to delete it; one that is gone already is fine.
    pub(crate) async fn delete(&self, world: &World, options: DeleteOptions) -> Result<(), Status> {
        let Some(api) = self.api(world) else { return Ok(()) };
        match api.delete(self.name(), options).await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }
}

impl State {
    pub(crate) fn of(objects: Vec<Stored>) -> Self {
        let mask = Mask::of(&objects);
        let mut all: Vec<_> = objects.into_iter().map(|object| mask.apply(object.key, object.value)).collect();
        all.sort_by_cached_key(|(key, value)| (key.clone(), value.to_string()));
        Self(all)
    }

    /// What differs between this, which ought to be, and another; `None` when nothing does.
    pub(crate) fn differs(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let (ours, theirs) = (self.by_key(), other.by_key());
        let mut text = String::new();
        for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
            let (ours, theirs) = (ours.get(key).map_or(&[][..], |v| v), theirs.get(key).map_or(&[][..], |v| v));
            if let ([ours], [theirs]) = (ours, theirs) {
                let mut paths = String::new();
                differing(ours, theirs, "", &mut paths);
                if !paths.is_empty() {
                    let _ = writeln!(text, "{key}:{paths}");
                }
            } else if ours != theirs {
                let _ = writeln!(text, "{key}: ought to be\n  {}\nand is\n  {}", lines(ours), lines(theirs));
            }
        }
        Some(text)
    }

    fn by_key(&self) -> BTreeMap<&str, Vec<&Value>> {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for (key, value) in &self.0 {
            all.entry(&**key).or_default().push(value);
        }
        all
    }
}

/// Writes down the places where two trees differ.
fn differing(one: &Value, other: &Value, path: &str, text: &mut String) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for field in one.keys().chain(other.keys().filter(|field| !one.contains_key(*field))) {
                let of = |fields: &serde_json::Map<String, Value>| fields.get(field).cloned().unwrap_or_default();
                differing(&of(one), &of(other), &format!("{path}.{field}"), text);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differing(one, other, &format!("{path}[{index}]"), text);
            }
        }
        _ if one != other => {
            let _ = write!(text, "\n  {path} ought to be {one} and is {other}");
        }
        _ => {}
    }
}

fn lines(values: &[&Value]) -> String {
    match values {
        [] => "nothing".to_owned(),
        _ => values.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "),
    }
}
