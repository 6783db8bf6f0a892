use bytes::{Bytes, BytesMut};
use k8s_api::{GroupVersionKind, GroupVersionResource, Object, Status};
use k8s_api_client::{Target, WatchEvent};
use k8s_api_tables::{Include, ListMeta, partial, table};
use k8s_env::Clock;
use serde_json::{Value, json};

use super::accept::{Accept, Encoding, Shape};
use super::encode::{event_parts, older, to_json};
use super::options::Query;
use super::protobuf;
use crate::core::Core;

/// Shows objects in the shape that a client asked for.
pub(super) struct Printer<'a> {
    core: &'a Core,
    resource: GroupVersionResource,
    gvk: GroupVersionKind,
    shape: Shape,
    include: Include,
}

impl<'a> Printer<'a> {
    pub(super) fn new(core: &'a Core, target: &Target, shape: Shape, query: &Query) -> Result<Self, Status> {
        let text = query.text("includeObject");
        let include = Include::parse(text).ok_or_else(|| {
            let path = k8s_api::field::Path::new("includeObject");
            let error = k8s_api::field::Error::not_supported(&path, text, &["Metadata", "None", "Object"]);
            Status::invalid(&k8s_api::GroupKind::new("meta.k8s.io", "TableOptions"), "", &[error])
        })?;
        let resource = match target {
            // A scale is a kind of its own, whatever it is the scale of.
            Target::Resource(target) if target.subresource == "scale" => {
                GroupVersionResource::new("autoscaling", "v1", "scale")
            }
            Target::Resource(target) => target.resource.clone(),
            Target::Path(_) => GroupVersionResource::default(),
        };
        let gvk = core.registry.snapshot().gvr(&resource).map(|info| info.gvk()).unwrap_or_default();
        Ok(Self { core, resource, gvk, shape, include })
    }

    /// A page of objects as a Table.
    pub(super) fn table(&self, objects: &[Object], meta: &ListMeta) -> Bytes {
        table(&self.resource, objects, self.core.env.clock.now(), self.include, meta, true).into()
    }

    /// One object as a Table.
    pub(super) fn table_of(&self, object: &Object) -> Bytes {
        self.table(std::slice::from_ref(object), &meta_of(object))
    }

    /// The encoder of a watch in the same shape.
    pub(super) fn into_frames(self, accept: &Accept) -> Frames {
        Frames {
            encoding: accept.encoding,
            beta: accept.beta,
            resource: self.resource,
            gvk: self.gvk,
            shape: self.shape,
            include: self.include,
            clock: self.core.env.clock,
            first: true,
        }
    }
}

/// Encodes the events of a watch: one line of JSON each, or one frame of protobuf.
pub(super) struct Frames {
    encoding: Encoding,
    beta: bool,
    resource: GroupVersionResource,
    gvk: GroupVersionKind,
    shape: Shape,
    include: Include,
    clock: Clock,
    /// Only the first table of a watch has its columns.
    first: bool,
}

impl Frames {
    pub(super) fn write(&mut self, event: &WatchEvent, out: &mut BytesMut) {
        if self.encoding == Encoding::Protobuf {
            return self.write_protobuf(event, out);
        }
        let (name, object) = event_parts(event);
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\",\"object\":");
        match (event, object) {
            (_, Some(object)) if self.shape == Shape::Whole => object.write_to(out),
            (_, Some(object)) => out.extend_from_slice(&self.shaped(object)),
            (WatchEvent::Bookmark { revision, initial_events_end }, _) => {
                out.extend_from_slice(self.bookmark(*revision, *initial_events_end).to_string().as_bytes());
            }
            (WatchEvent::Error(status), _) => out.extend_from_slice(&to_json(status)),
            _ => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}\n");
    }

    fn write_protobuf(&mut self, event: &WatchEvent, out: &mut BytesMut) {
        let (name, object) = event_parts(event);
        let encoded = match (event, object) {
            (_, Some(object)) if self.shape == Shape::Whole => protobuf::object(object).ok(),
            (_, Some(object)) => protobuf::json(&self.shaped(object)),
            (WatchEvent::Bookmark { revision, initial_events_end }, _) => {
                protobuf::tree(&self.bookmark(*revision, *initial_events_end)).ok()
            }
            (WatchEvent::Error(status), _) => protobuf::json(&to_json(status)),
            _ => None,
        };
        protobuf::frame(name, &encoded.unwrap_or_default(), out);
    }

    fn shaped(&mut self, object: &Object) -> Vec<u8> {
        let shaped = self.stable(object);
        if self.beta { older(&shaped) } else { shaped }
    }

    fn stable(&mut self, object: &Object) -> Vec<u8> {
        if self.shape != Shape::Table {
            return partial(object);
        }
        let headers = std::mem::take(&mut self.first);
        let objects = std::slice::from_ref(object);
        table(&self.resource, objects, self.clock.now(), self.include, &meta_of(object), headers)
    }

    fn bookmark(&mut self, revision: u64, initial_events_end: bool) -> Value {
        let mut meta = json!({ "resourceVersion": revision.to_string() });
        if initial_events_end {
            meta["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let (kind, api_version) = match self.shape {
            Shape::Whole | Shape::Table => (self.gvk.kind.clone(), self.gvk.api_version()),
            _ if self.beta => ("PartialObjectMetadata".into(), "meta.k8s.io/v1beta1".into()),
            _ => ("PartialObjectMetadata".into(), "meta.k8s.io/v1".into()),
        };
        json!({ "kind": kind, "apiVersion": api_version, "metadata": meta })
    }
}

fn meta_of(object: &Object) -> ListMeta {
    ListMeta { resource_version: object.revision().to_string(), ..ListMeta::default() }
}
