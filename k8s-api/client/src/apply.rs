//! Applying manifests the way `kubectl apply` does.

mod mapping;
mod three_way;

use k8s_api::{DynamicObject, GroupVersionKind, Object, Status};
use serde_json::{Value, json};

use crate::{Client, DynamicApi, WriteOptions};

/// Where kubectl, and this, keep what was applied last, to know later which fields to take away.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object of a manifest after it was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object as the server has it now.
    pub object: Object,
    /// Its kind.
    pub kind: GroupVersionKind,
    /// What applying did.
    pub outcome: Outcome,
}

/// What applying an object did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was changed.
    Configured,
    /// It was so already.
    Unchanged,
}

/// `deployment.apps/web created`, as kubectl says it.
impl std::fmt::Display for Applied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind.kind.to_lowercase())?;
        if !self.kind.group.is_empty() {
            write!(f, ".{}", self.kind.group)?;
        }
        let outcome = match self.outcome {
            Outcome::Created => "created",
            Outcome::Configured => "configured",
            Outcome::Unchanged => "unchanged",
        };
        write!(f, "/{} {outcome}", self.object.meta().name)
    }
}

impl Client {
    /// Applies the documents of a YAML or JSON manifest in their order, lists item by item.
    ///
    /// As with `kubectl apply`, fields that were applied before and are in the manifest no longer are removed, and
    /// fields that somebody else set stay. What has no namespace goes into `default`.
    ///
    /// # Errors
    /// When the manifest is not YAML, names a kind that the server does not know or is refused. The documents before
    /// the failing one are applied by then.
    ///
    /// # Cancellation
    /// When the future is dropped the documents so far are applied.
    pub async fn apply(&self, manifest: &str) -> Result<Vec<Applied>, Status> {
        let mut applied = Vec::new();
        for document in documents(manifest)? {
            applied.push(self.apply_value(document).await?);
        }
        Ok(applied)
    }

    /// Applies one object, as [`Client::apply`].
    ///
    /// # Errors
    /// When the server does not know its kind or refuses it.
    pub async fn apply_value(&self, mut manifest: Value) -> Result<Applied, Status> {
        let kind = kind_of(&manifest)?;
        let (resource, namespaced) = mapping::resource(self, &kind).await?;
        if !manifest["metadata"].is_object() {
            return Err(Status::bad_request("error: resource has no metadata"));
        }
        let meta = &mut manifest["metadata"];
        let mut namespace = String::new();
        if namespaced {
            meta["namespace"].as_str().unwrap_or("default").clone_into(&mut namespace);
            meta["namespace"] = namespace.as_str().into();
        }
        let name = meta["name"].as_str().unwrap_or_default().to_owned();
        let api = self.dynamic(resource, &namespace);
        remember(&mut manifest)?;
        let current = match api.get(&name).await {
            Ok(current) => current,
            Err(status) if status.is_not_found() => {
                let object = create(&api, manifest).await?;
                return Ok(Applied { object, kind, outcome: Outcome::Created });
            }
            Err(status) => return Err(status),
        };
        let object = patch(&api, &kind, &name, &current, &manifest).await?;
        let same = object.revision() == current.revision();
        let outcome = if same { Outcome::Unchanged } else { Outcome::Configured };
        Ok(Applied { object, kind, outcome })
    }
}

impl Outcome {
    /// As kubectl prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
        }
    }
}

fn documents(manifest: &str) -> Result<Vec<Value>, Status> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    let read: Vec<Value> = serde_saphyr::from_multiple_with_options(manifest, options)
        .map_err(|e| Status::bad_request(format!("error parsing the manifest: {e}")))?;
    let mut flat = Vec::with_capacity(read.len());
    for mut document in read.into_iter().filter(|document| !document.is_null()) {
        let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        match document.get_mut("items") {
            Some(Value::Array(items)) if is_list => flat.append(items),
            _ => flat.push(document),
        }
    }
    Ok(flat)
}

fn kind_of(manifest: &Value) -> Result<GroupVersionKind, Status> {
    let word = |field: &str| {
        manifest[field]
            .as_str()
            .filter(|word| !word.is_empty())
            .ok_or_else(|| Status::bad_request(format!("error validating data: {field} not set")))
    };
    Ok(GroupVersionKind::parse(word("apiVersion")?, word("kind")?))
}

/// Puts the manifest into its own annotation.
fn remember(manifest: &mut Value) -> Result<(), Status> {
    let annotations = &mut manifest["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = json!({});
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.remove(LAST_APPLIED);
    }
    let mut text = serde_json::to_string(manifest).map_err(Status::internal)?;
    text.push('\n');
    manifest["metadata"]["annotations"][LAST_APPLIED] = text.into();
    Ok(())
}

async fn create(api: &DynamicApi, manifest: Value) -> Result<Object, Status> {
    let object: DynamicObject = serde_json::from_value(manifest).map_err(|e| Status::bad_request(e.to_string()))?;
    api.create(Box::new(object), WriteOptions::default()).await
}

async fn patch(
    api: &DynamicApi,
    kind: &GroupVersionKind,
    name: &str,
    current: &Object,
    manifest: &Value,
) -> Result<Object, Status> {
    let current = current.to_value().map_err(Status::internal)?;
    let last = current["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap_or("null");
    // What is no JSON was not written by an apply: nothing is taken away then.
    let last = serde_json::from_str(last).unwrap_or(Value::Null);
    let (language, patch) = three_way::patch(kind, &last, manifest);
    api.patch(name, "", language, &patch, WriteOptions::default()).await
}
