//! Environment variables: written out, from fields, config maps, secrets and services.
//!
//! Upstream: `pkg/kubelet.makeEnvironmentVariables`.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::Kind;
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvFromSource, EnvVarSource, Pod, Secret};

use super::{downward, expand, services};
use crate::context::Context;
use crate::pod::Uses;

/// Makes the environment of a container. `pod_ips` are the addresses of its sandbox.
///
/// # Errors
/// A sentence for people, as when a config map is missing.
pub(crate) async fn variables(
    context: &Context,
    uses: &Uses,
    pod: &Pod,
    container: &Container,
    pod_ips: &[String],
) -> Result<Vec<(String, String)>, String> {
    let links = pod.spec.as_ref().and_then(|spec| spec.enable_service_links).unwrap_or(true);
    if !context.services.is_synced() {
        context.services.synced().await;
    }
    let services = services::variables(&context.services.reader(), pod.namespace(), links);
    let mut made = Environment { context, uses, pod, container, pod_ips, services, own: BTreeMap::new() };
    for source in container.env_from.iter().flatten() {
        made.take_all(source).await?;
    }
    for variable in container.env.iter().flatten() {
        let value = match (variable.value.as_deref().filter(|value| !value.is_empty()), &variable.value_from) {
            (Some(text), _) => made.expand(text),
            (None, Some(source)) => match made.look_up(source).await? {
                Some(value) => value,
                None => continue,
            },
            (None, None) => String::new(),
        };
        made.own.insert(variable.name.clone(), value);
    }
    Ok(made.finish())
}

struct Environment<'a> {
    context: &'a Context,
    uses: &'a Uses,
    pod: &'a Pod,
    container: &'a Container,
    pod_ips: &'a [String],
    services: BTreeMap<String, String>,
    own: BTreeMap<String, String>,
}

impl Environment<'_> {
    fn expand(&self, text: &str) -> String {
        expand::expand(text, |name| self.own.get(name).or_else(|| self.services.get(name)).map(String::as_str))
    }

    async fn take_all(&mut self, source: &EnvFromSource) -> Result<(), String> {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        if let Some(wanted) = &source.config_map_ref
            && let Some(found) = self.config_map(&wanted.name, wanted.optional).await?
        {
            let data = found.data.iter().flatten();
            self.own.extend(data.map(|(key, value)| (format!("{prefix}{key}"), value.clone())));
        }
        if let Some(wanted) = &source.secret_ref
            && let Some(found) = self.secret(&wanted.name, wanted.optional).await?
        {
            let data = found.data.iter().flatten();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.own.extend(data.map(|(key, value)| (format!("{prefix}{key}"), text(&value.0))));
        }
        Ok(())
    }

    /// `None` when something optional is missing.
    async fn look_up(&self, source: &EnvVarSource) -> Result<Option<String>, String> {
        if let Some(field) = &source.field_ref {
            return downward::field(self.context, self.pod, self.pod_ips, &field.field_path).map(Some);
        }
        if let Some(resource) = &source.resource_field_ref {
            let other = resource.container_name.as_deref().filter(|name| !name.is_empty());
            let container = match other {
                Some(name) => downward::container(self.pod, name)?,
                None => self.container,
            };
            return downward::resource(self.context, container, resource).map(Some);
        }
        let namespace = self.pod.namespace();
        if let Some(wanted) = &source.config_map_key_ref {
            let Some(found) = self.config_map(&wanted.name, wanted.optional).await? else { return Ok(None) };
            let value = found.data.as_ref().and_then(|data| data.get(&wanted.key).cloned());
            let missing = || format!("couldn't find key {} in ConfigMap {namespace}/{}", wanted.key, wanted.name);
            return or_optional(value, wanted.optional, missing);
        }
        if let Some(wanted) = &source.secret_key_ref {
            let Some(found) = self.secret(&wanted.name, wanted.optional).await? else { return Ok(None) };
            let bytes = found.data.as_ref().and_then(|data| data.get(&wanted.key));
            let value = bytes.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
            let missing = || format!("couldn't find key {} in Secret {namespace}/{}", wanted.key, wanted.name);
            return or_optional(value, wanted.optional, missing);
        }
        if let Some(file) = &source.file_key_ref {
            let volumes = self.pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
            let (volume, path) = (&file.volume_name, &file.path);
            return Err(if volumes.into_iter().any(|known| known.name == *volume) {
                format!("couldn't parse env file: this node reads no files of volumes ({path} in {volume})")
            } else {
                format!("cannot find the volume {volume:?} referenced by FileKeyRef")
            });
        }
        Ok(Some(String::new()))
    }

    async fn config_map(&self, name: &str, optional: Option<bool>) -> Result<Option<Arc<ConfigMap>>, String> {
        let found = self.uses.config_map(self.context, self.pod.namespace(), name).await;
        or_optional(found, optional, || format!("configmap {name:?} not found"))
    }

    async fn secret(&self, name: &str, optional: Option<bool>) -> Result<Option<Arc<Secret>>, String> {
        let found = self.uses.secret(self.context, self.pod.namespace(), name).await;
        or_optional(found, optional, || format!("secret {name:?} not found"))
    }

    fn finish(self) -> Vec<(String, String)> {
        let mut all = self.services;
        all.extend(self.own);
        all.into_iter().collect()
    }
}

fn or_optional<T>(
    found: Option<T>,
    optional: Option<bool>,
    missing: impl FnOnce() -> String,
) -> Result<Option<T>, String> {
    match found {
        None if optional != Some(true) => Err(missing()),
        found => Ok(found),
    }
}
