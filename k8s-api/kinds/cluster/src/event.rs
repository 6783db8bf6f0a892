//! Events of `v1` and `events.k8s.io/v1`: one stored object with two faces.
//!
//! Upstream: `pkg/registry/core/event`, `pkg/apis/core/validation/events.go`, `pkg/apis/events/v1/conversion.go`.

mod convert;
mod validate;
mod wire;

pub use convert::{from_events_v1, to_events_v1};
use k8s_api::field::ErrorList;
use k8s_api_kinds::{Facts, NameRule, Strategy, canonical, count, tidy};
use k8s_openapi::api::core::v1::{Event, ObjectReference};
use k8s_openapi::api::events::v1 as events;

use crate::checks::{no_subresources, no_warnings, text};

/// Names of events are checked by the strategies themselves: what `v1` takes, `events.k8s.io/v1` does not.
const FACTS: Facts =
    Facts { name: NameRule::PathSegment, create_on_update: true, standard_finalizers: false, ..Facts::new() };

/// The strategy of events as `v1` has them, which is how they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Events;

impl Strategy for Events {
    type Object = Event;

    fn facts(&self) -> Facts {
        Facts {
            field_labels: &[
                "involvedObject.kind",
                "involvedObject.namespace",
                "involvedObject.name",
                "involvedObject.uid",
                "involvedObject.apiVersion",
                "involvedObject.resourceVersion",
                "involvedObject.fieldPath",
                "reason",
                "reportingComponent",
                "source",
                "type",
            ],
            ..FACTS
        }
    }

    fn default(&self, event: &mut Event) {
        canonical::meta(&mut event.metadata);
        tidy_reference(&mut event.involved_object);
        if let Some(related) = &mut event.related {
            tidy_reference(related);
        }
        tidy!(event => action, count, message, reason, type_);
        event.reporting_component.get_or_insert_default();
        event.reporting_instance.get_or_insert_default();
        let source = event.source.get_or_insert_default();
        tidy!(source => component, host);
        if let Some(series) = &mut event.series {
            tidy!(series => count);
        }
    }

    fn prepare_for_create(&self, _: &mut Event) {}

    fn validate_create(&self, event: &Event) -> ErrorList {
        validate::leniently(event, "reportingComponent")
    }

    fn prepare_for_update(&self, new: &mut Event, old: &Event) {
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Event, _: &Event) -> ErrorList {
        self.validate_create(new)
    }

    fn field_labels(&self, event: &Event) -> Vec<(&'static str, String)> {
        let object = &event.involved_object;
        let component = event.source.as_ref().map_or("", |source| text(&source.component));
        let reporter = text(&event.reporting_component);
        let source = if component.is_empty() { reporter } else { component };
        [
            ("involvedObject.kind", text(&object.kind)),
            ("involvedObject.namespace", text(&object.namespace)),
            ("involvedObject.name", text(&object.name)),
            ("involvedObject.uid", text(&object.uid)),
            ("involvedObject.apiVersion", text(&object.api_version)),
            ("involvedObject.resourceVersion", text(&object.resource_version)),
            ("involvedObject.fieldPath", text(&object.field_path)),
            ("reason", text(&event.reason)),
            ("reportingComponent", reporter),
            ("source", source),
            ("type", text(&event.type_)),
        ]
        .map(|(label, value)| (label, value.to_owned()))
        .into()
    }

    /// Go writes times that nobody set as `null`.
    fn encode(&self, event: &Event) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&wire::Core::from(event))
    }

    no_subresources!();
    no_warnings!();
}

/// The strategy of events as `events.k8s.io/v1` has them.
#[derive(Clone, Copy, Debug)]
pub struct EventsV1;

impl Strategy for EventsV1 {
    type Object = events::Event;

    fn facts(&self) -> Facts {
        Facts {
            field_labels: &[
                "reason",
                "regarding.kind",
                "regarding.namespace",
                "regarding.name",
                "regarding.uid",
                "regarding.apiVersion",
                "regarding.resourceVersion",
                "regarding.fieldPath",
                "reportingController",
                "type",
            ],
            ..FACTS
        }
    }

    fn default(&self, event: &mut events::Event) {
        canonical::meta(&mut event.metadata);
        tidy_reference(event.regarding.get_or_insert_default());
        if let Some(related) = &mut event.related {
            tidy_reference(related);
        }
        tidy!(event => action, deprecated_count, note, reason, reporting_controller, reporting_instance, type_);
        let source = event.deprecated_source.get_or_insert_default();
        tidy!(source => component, host);
    }

    fn prepare_for_create(&self, _: &mut events::Event) {}

    fn validate_create(&self, event: &events::Event) -> ErrorList {
        validate::strictly(&from_events_v1(event.clone()))
    }

    fn prepare_for_update(&self, new: &mut events::Event, old: &events::Event) {
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &events::Event, old: &events::Event) -> ErrorList {
        validate::change(&from_events_v1(new.clone()), &from_events_v1(old.clone()))
    }

    fn field_labels(&self, event: &events::Event) -> Vec<(&'static str, String)> {
        let nothing = ObjectReference::default();
        let object = event.regarding.as_ref().unwrap_or(&nothing);
        [
            ("reason", text(&event.reason)),
            ("regarding.kind", text(&object.kind)),
            ("regarding.namespace", text(&object.namespace)),
            ("regarding.name", text(&object.name)),
            ("regarding.uid", text(&object.uid)),
            ("regarding.apiVersion", text(&object.api_version)),
            ("regarding.resourceVersion", text(&object.resource_version)),
            ("regarding.fieldPath", text(&object.field_path)),
            ("reportingController", text(&event.reporting_controller)),
            ("type", text(&event.type_)),
        ]
        .map(|(label, value)| (label, value.to_owned()))
        .into()
    }

    /// Go writes times that nobody set as `null`.
    fn encode(&self, event: &events::Event) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&wire::Events::from(event))
    }

    no_subresources!();
    no_warnings!();
}

fn tidy_reference(reference: &mut ObjectReference) {
    tidy!(reference => api_version, field_path, kind, name, namespace, resource_version, uid);
}
