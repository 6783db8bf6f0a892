//! Files of config maps, secrets, tokens and the downward API.
//!
//! Upstream: `pkg/volume/{configmap,secret,downwardapi,projected}`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use k8s_api::Kind;
use k8s_api_client::{Body, WriteOptions};
use k8s_csi::{Content, File};
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, Pod,
    ProjectedVolumeSource, Secret, SecretVolumeSource, ServiceAccount, ServiceAccountTokenProjection, VolumeProjection,
};

use super::downward;
use crate::context::Context;
use crate::pod::Uses;

const DEFAULT_MODE: i32 = 0o644;

/// Makes the contents of a pod's volumes.
pub(crate) struct Maker<'a> {
    pub(crate) context: &'a Context,
    pub(crate) uses: &'a Uses,
    pub(crate) pod: &'a Pod,
}

type Made = Result<Content, String>;

/// What an object holds and which of it is wanted.
struct Wanted<'a> {
    items: Option<&'a Vec<KeyToPath>>,
    mode: i32,
    optional: bool,
    /// How messages name a missing key.
    missing_key: &'static str,
}

impl Maker<'_> {
    pub(crate) async fn config_map(&self, source: &ConfigMapVolumeSource) -> Made {
        let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
        self.config_map_files(&source.name, source.items.as_ref(), mode, source.optional).await
    }

    pub(crate) async fn secret(&self, source: &SecretVolumeSource) -> Made {
        let (name, mode) = (source.secret_name.as_deref().unwrap_or_default(), source.default_mode);
        self.secret_files(name, source.items.as_ref(), mode.unwrap_or(DEFAULT_MODE), source.optional).await
    }

    pub(crate) fn downward_api(&self, source: &DownwardAPIVolumeSource) -> Made {
        self.downward_files(source.items.as_ref(), source.default_mode.unwrap_or(DEFAULT_MODE))
    }

    /// All parts in one directory; all that is wrong is told at once.
    pub(crate) async fn projected(&self, source: &ProjectedVolumeSource) -> Made {
        let mode = source.default_mode.unwrap_or(DEFAULT_MODE);
        let (mut all, mut errors) = (Content::default(), Vec::new());
        for part in source.sources.iter().flatten() {
            match self.part(part, mode).await {
                Ok(content) => all.files.extend(content.files),
                Err(error) => errors.push(error),
            }
        }
        match errors.len() {
            0 => Ok(all),
            1 => Err(errors.remove(0)),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }

    async fn part(&self, part: &VolumeProjection, mode: i32) -> Made {
        if let Some(map) = &part.config_map {
            return self.config_map_files(&map.name, map.items.as_ref(), mode, map.optional).await;
        }
        if let Some(secret) = &part.secret {
            return self.secret_files(&secret.name, secret.items.as_ref(), mode, secret.optional).await;
        }
        if let Some(downward) = &part.downward_api {
            return self.downward_files(downward.items.as_ref(), mode);
        }
        if let Some(token) = &part.service_account_token {
            return self.token(token, mode).await;
        }
        Ok(Content::default())
    }

    async fn config_map_files(
        &self,
        name: &str,
        items: Option<&Vec<KeyToPath>>,
        mode: i32,
        optional: Option<bool>,
    ) -> Made {
        let optional = optional.unwrap_or_default();
        let found = self.uses.config_map(self.context, self.pod.namespace(), name).await;
        let Some(found) = found else { return none_or(optional, || format!("configmap {name:?} not found")) };
        let missing_key = "configmap references non-existent config key";
        pick(&bytes_of_config_map(&found), &Wanted { items, mode, optional, missing_key })
    }

    async fn secret_files(
        &self,
        name: &str,
        items: Option<&Vec<KeyToPath>>,
        mode: i32,
        optional: Option<bool>,
    ) -> Made {
        let optional = optional.unwrap_or_default();
        let found = self.uses.secret(self.context, self.pod.namespace(), name).await;
        let Some(found) = found else { return none_or(optional, || format!("secret {name:?} not found")) };
        pick(
            &bytes_of_secret(&found),
            &Wanted { items, mode, optional, missing_key: "references non-existent secret key" },
        )
    }

    fn downward_files(&self, items: Option<&Vec<DownwardAPIVolumeFile>>, mode: i32) -> Made {
        let mut content = Content::default();
        for item in items.into_iter().flatten() {
            let text = if let Some(field) = &item.field_ref {
                downward::field(self.context, self.pod, &[], &field.field_path)?
            } else if let Some(resource) = &item.resource_field_ref {
                let wanted = resource.container_name.as_deref().unwrap_or_default();
                let container = downward::container(self.pod, wanted)?;
                downward::resource(self.context, container, resource)?
            } else {
                continue;
            };
            content.files.insert(item.path.clone().into(), file(text, item.mode.unwrap_or(mode)));
        }
        Ok(content)
    }

    /// A token of the pod's service account that ends with the pod.
    async fn token(&self, source: &ServiceAccountTokenProjection, mode: i32) -> Made {
        let spec = self.pod.spec.as_ref();
        let account = spec.and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
        let audiences: Vec<_> = source.audience.iter().filter(|audience| !audience.is_empty()).cloned().collect();
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                audiences: Some(audiences),
                expiration_seconds: Some(source.expiration_seconds.unwrap_or(3600)),
                bound_object_ref: Some(BoundObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Pod".to_owned()),
                    name: self.pod.metadata.name.clone(),
                    uid: self.pod.metadata.uid.clone(),
                }),
            }),
            ..TokenRequest::default()
        };
        let api = self.context.client.namespaced::<ServiceAccount>(self.pod.namespace());
        let body = Body::Object(Box::new(request));
        let answer = api.dynamic().post(account, "token", body, WriteOptions::default()).await;
        let answer = answer.map_err(|status| format!("failed to fetch token: {status}"))?;
        let granted = answer.and_then(|object| object.typed::<TokenRequest>().ok());
        let token = granted.and_then(|granted| granted.status.as_ref()?.token.clone());
        let token = token.ok_or("failed to fetch token: the server sent none")?;
        Ok(Content { files: [(source.path.clone().into(), file(token, mode))].into() })
    }
}

fn none_or(optional: bool, error: impl FnOnce() -> String) -> Made {
    if optional { Ok(Content::default()) } else { Err(error()) }
}

fn bytes_of_config_map(map: &ConfigMap) -> BTreeMap<&str, Bytes> {
    let text = map.data.iter().flatten().map(|(key, text)| (key.as_str(), Bytes::copy_from_slice(text.as_bytes())));
    let binary = map.binary_data.iter().flatten();
    text.chain(binary.map(|(key, bytes)| (key.as_str(), Bytes::copy_from_slice(&bytes.0)))).collect()
}

fn bytes_of_secret(secret: &Secret) -> BTreeMap<&str, Bytes> {
    let data = secret.data.iter().flatten();
    data.map(|(key, bytes)| (key.as_str(), Bytes::copy_from_slice(&bytes.0))).collect()
}

fn pick(data: &BTreeMap<&str, Bytes>, wanted: &Wanted<'_>) -> Made {
    let Some(items) = wanted.items.filter(|items| !items.is_empty()) else {
        let all = data.iter().map(|(key, bytes)| (PathBuf::from(key), file(bytes.clone(), wanted.mode)));
        return Ok(Content { files: all.collect() });
    };
    let mut content = Content::default();
    for item in items {
        match data.get(item.key.as_str()) {
            Some(bytes) => {
                content.files.insert(item.path.clone().into(), file(bytes.clone(), item.mode.unwrap_or(wanted.mode)));
            }
            None if wanted.optional => {}
            None => return Err(format!("{}: {}", wanted.missing_key, item.key)),
        }
    }
    Ok(content)
}

fn file(bytes: impl Into<Bytes>, mode: i32) -> File {
    File { bytes: bytes.into(), mode: u32::try_from(mode).unwrap_or(0o644), uid: None }
}
