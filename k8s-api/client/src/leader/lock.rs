use jiff::Timestamp;
use k8s_api::{DynamicObject, GroupVersionResource, Object, Status};
use serde_json::{Map, Value, json};

use super::Election;
use crate::{Client, DynamicApi, WriteOptions};

/// A Lease as leader election reads and writes it.
///
/// Writes replace the whole object, since upstream's roles let components `update` their lease but not `patch` it; they
/// start from all fields that were read, so that what this program does not know survives.
#[derive(Debug)]
pub(super) struct Lock {
    api: DynamicApi,
    name: String,
    last: Option<Object>,
}

/// What a Lease says about leadership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) holder: String,
    pub(super) duration_seconds: i64,
    pub(super) acquired: String,
    pub(super) renewed: String,
    pub(super) transitions: i64,
}

impl Lock {
    pub(super) fn new(client: &Client, namespace: &str, name: &str) -> Self {
        let resource = GroupVersionResource::new("coordination.k8s.io", "v1", "leases");
        Self { api: client.dynamic(resource, namespace), name: name.to_owned(), last: None }
    }

    pub(super) fn is_known(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    pub(super) async fn read(&mut self) -> Result<Option<Record>, Status> {
        match self.api.get(&self.name).await {
            Ok(object) => {
                let value = object.to_value().map_err(Status::internal)?;
                self.last = Some(object);
                Ok(Some(Record::from_spec(&value["spec"])))
            }
            Err(status) if status.is_not_found() => Ok(None),
            Err(status) => Err(status),
        }
    }

    pub(super) async fn create(&mut self, record: &Record) -> Result<(), Status> {
        let mut lease = DynamicObject {
            api_version: "coordination.k8s.io/v1".to_owned(),
            kind: "Lease".to_owned(),
            ..DynamicObject::default()
        };
        lease.metadata.name = Some(self.name.clone());
        lease.metadata.namespace = Some(self.api.namespace().to_owned());
        lease.rest.insert("spec".to_owned(), Value::Object(record.to_spec()));
        self.last = Some(self.api.create(Box::new(lease), WriteOptions::default()).await?);
        Ok(())
    }

    /// Writes over what was last read or written.
    pub(super) async fn update(&mut self, record: &Record) -> Result<(), Status> {
        let Some(last) = self.last.take() else { return Err(Status::internal("the lease was never read")) };
        let mut lease: DynamicObject = serde_json::from_slice(&last.to_json()).map_err(Status::internal)?;
        match lease.rest.get_mut("spec").and_then(Value::as_object_mut) {
            Some(spec) => spec.extend(record.to_spec()),
            None => {
                lease.rest.insert("spec".to_owned(), Value::Object(record.to_spec()));
            }
        }
        self.last = Some(self.api.update(Box::new(lease), "", WriteOptions::default()).await?);
        Ok(())
    }
}

impl Record {
    /// The record of a leader whose term begins now.
    pub(super) fn starting(election: &Election, now: Timestamp) -> Self {
        let now = format!("{now:.6}");
        Self {
            holder: election.identity.clone(),
            duration_seconds: election.lease_duration.as_secs() as i64,
            acquired: now.clone(),
            renewed: now,
            transitions: 0,
        }
    }

    /// Goes on with the term of `earlier`.
    pub(super) fn continues(&mut self, earlier: Option<&Self>) {
        if let Some(earlier) = earlier {
            self.acquired.clone_from(&earlier.acquired);
            self.transitions = earlier.transitions;
        }
    }

    fn from_spec(spec: &Value) -> Self {
        let text = |field: &str| spec[field].as_str().unwrap_or_default().to_owned();
        let number = |field: &str| spec[field].as_i64().unwrap_or_default();
        Self {
            holder: text("holderIdentity"),
            duration_seconds: number("leaseDurationSeconds"),
            acquired: text("acquireTime"),
            renewed: text("renewTime"),
            transitions: number("leaseTransitions"),
        }
    }

    fn to_spec(&self) -> Map<String, Value> {
        let spec = json!({
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self.duration_seconds,
            "acquireTime": self.acquired,
            "renewTime": self.renewed,
            "leaseTransitions": self.transitions,
        });
        let Value::Object(spec) = spec else { return Map::new() };
        spec
    }
}
