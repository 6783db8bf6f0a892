use bytes::Bytes;
use k8s_api::{DynamicObject, GroupVersionResource, Object, Status};
use k8s_api_kinds::Strategy;
use k8s_api_kinds_cluster::autoscaler::{to_v1, to_v2};
use k8s_api_kinds_cluster::event::{Events, EventsV1, from_events_v1, to_events_v1};

/// In what form the objects of a resource are served: as they are stored, or as another version of it.
///
/// Each served version has a watch cache of its own that holds its form: an object is converted once, and its lists and
/// watches need no conversion. Who uses one version only pays for that one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Form(Option<Conversion>);

/// Both ways between the bytes that are stored and those that are served; neither has a resourceVersion.
#[derive(Clone, Copy, Debug)]
struct Conversion {
    read: fn(&[u8]) -> serde_json::Result<Vec<u8>>,
    write: fn(&[u8]) -> serde_json::Result<Vec<u8>>,
}

impl Form {
    /// The form of a built-in resource.
    pub(crate) fn of(gvr: &GroupVersionResource) -> Self {
        Self(match (&*gvr.group, &*gvr.version, &*gvr.resource) {
            ("events.k8s.io", "v1", "events") => Some(Conversion { read: event_out, write: event_in }),
            ("autoscaling", "v1", "horizontalpodautoscalers") => {
                Some(Conversion { read: autoscaler_out, write: autoscaler_in })
            }
            _ => None,
        })
    }

    /// Reads stored bytes.
    pub(crate) fn read(self, stored: Bytes, revision: u64) -> Result<Object, Status> {
        let body = match self.0 {
            None => stored,
            Some(form) => (form.read)(&stored).map_err(Status::internal)?.into(),
        };
        Object::stored(body, revision).map_err(Status::internal)
    }

    /// What is stored of a body in this form.
    pub(crate) fn write(self, body: &Bytes) -> Result<Bytes, Status> {
        match self.0 {
            None => Ok(body.clone()),
            Some(form) => (form.write)(body).map(Bytes::from).map_err(Status::internal),
        }
    }
}

fn event_out(stored: &[u8]) -> serde_json::Result<Vec<u8>> {
    EventsV1.encode(&to_events_v1(serde_json::from_slice(stored)?))
}

fn event_in(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    Events.encode(&from_events_v1(serde_json::from_slice(body)?))
}

fn autoscaler_out(stored: &[u8]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&to_v1(serde_json::from_slice::<DynamicObject>(stored)?))
}

fn autoscaler_in(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&to_v2(serde_json::from_slice::<DynamicObject>(body)?))
}
