use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use serde::{Deserialize, Deserializer};

/// The metadata that machinery reads of every object: enough to select, own, finalize and delete it.
///
/// Annotations and managed fields are left out, since decoding them costs more than the rest together.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its namespace; empty when cluster-scoped.
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
    /// Its uid.
    #[serde(deserialize_with = "or_default")]
    pub uid: String,
    /// How often its spec has changed; 0 for kinds that do not count.
    #[serde(deserialize_with = "or_default")]
    pub generation: i64,
    /// Its labels.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// Who owns it.
    #[serde(deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerReference>,
    /// Who must agree before it goes.
    #[serde(deserialize_with = "or_default")]
    pub finalizers: Vec<String>,
    /// When it was created.
    pub creation_timestamp: Option<Time>,
    /// When it will be or was asked to be gone.
    pub deletion_timestamp: Option<Time>,
    /// How many seconds it was given to go.
    pub deletion_grace_period_seconds: Option<i64>,
    /// The revision as the wire has it; empty in stored bytes, which carry it beside them.
    #[serde(deserialize_with = "or_default")]
    pub resource_version: String,
}

impl From<&ObjectMeta> for Meta {
    fn from(meta: &ObjectMeta) -> Self {
        Self {
            name: meta.name.clone().unwrap_or_default(),
            namespace: meta.namespace.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            generation: meta.generation.unwrap_or_default(),
            labels: meta.labels.clone().unwrap_or_default(),
            owner_references: meta.owner_references.clone().unwrap_or_default(),
            finalizers: meta.finalizers.clone().unwrap_or_default(),
            creation_timestamp: meta.creation_timestamp.clone(),
            deletion_timestamp: meta.deletion_timestamp.clone(),
            deletion_grace_period_seconds: meta.deletion_grace_period_seconds,
            resource_version: meta.resource_version.clone().unwrap_or_default(),
        }
    }
}

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
