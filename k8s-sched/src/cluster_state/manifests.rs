use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, Node, Pod};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ClusterState;
use crate::{Error, PodInfo, Profile, convert};

impl ClusterState {
    /// The cluster that manifests describe, Nodes and Pods in YAML or JSON with `---` between them, as `kubectl get -o
    /// yaml` shows them or as people write them; and the pods in it that have no node.
    ///
    /// No server has filled in what is missing: a pod is in the namespace `default` and requests what it limits, and a node
    /// has for pods all that it has. Priority classes are not looked up.
    ///
    /// # Errors
    /// [`Error::Object`] when a part is neither a Node nor a Pod or cannot be understood, [`Error::Profile`] when the
    /// profile cannot be run.
    pub fn from_manifests(manifests: &str, profile: Profile) -> Result<(Self, Vec<Arc<PodInfo>>), Error> {
        let mut state = Self::new(profile, 0)?;
        let mut pending = Vec::new();
        for object in objects(manifests)? {
            match object["kind"].as_str().unwrap_or_default() {
                "Node" => state.set_node(convert::node(&node(object)?)),
                "Pod" => {
                    let pod = Arc::new(convert::pod(&pod(object)?)?);
                    if !state.set_pod(pod.clone()) {
                        pending.push(pod);
                    }
                }
                other => return Err(unreadable(&format!("a {other:?}"), "only Nodes and Pods are understood")),
            }
        }
        Ok((state, pending))
    }
}

/// The documents, those in lists one by one.
fn objects(manifests: &str) -> Result<Vec<Value>, Error> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifests).map_err(|e| unreadable("the manifests", e))?;
    let mut objects = Vec::new();
    for mut document in documents {
        match document.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => objects.extend(items),
            _ if document.is_null() => {}
            _ => objects.push(document),
        }
    }
    Ok(objects)
}

fn node(object: Value) -> Result<Node, Error> {
    let mut node: Node = decode(object)?;
    if let Some(status) = &mut node.status
        && status.allocatable.is_none()
    {
        status.allocatable.clone_from(&status.capacity);
    }
    Ok(node)
}

fn pod(object: Value) -> Result<Pod, Error> {
    let mut pod: Pod = decode(object)?;
    let meta = &mut pod.metadata;
    let namespace = meta.namespace.get_or_insert_with(|| "default".to_owned()).clone();
    if meta.uid.is_none() {
        meta.uid = Some(format!("{namespace}/{}", meta.name.as_deref().unwrap_or_default()));
    }
    if let Some(spec) = &mut pod.spec {
        spec.init_containers.iter_mut().flatten().chain(&mut spec.containers).for_each(request_limits);
    }
    Ok(pod)
}

/// What a container limits and does not request it requests.
fn request_limits(container: &mut Container) {
    let Some(resources) = &mut container.resources else { return };
    let mut requests = resources.limits.clone().unwrap_or_default();
    requests.extend(resources.requests.take().unwrap_or_default());
    resources.requests = Some(requests);
}

fn decode<T: DeserializeOwned>(object: Value) -> Result<T, Error> {
    let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
    let shown = format!("{} {}", kind.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
    serde_json::from_value(object).map_err(|error| unreadable(&shown, error))
}

fn unreadable(object: &str, error: impl ToString) -> Error {
    Error::Object { object: object.to_owned(), message: error.to_string() }
}
