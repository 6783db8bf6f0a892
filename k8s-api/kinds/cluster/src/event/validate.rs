use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::metadata::{invalid, validate_kube_finalizers};
use k8s_api_kinds::{At, names, shown};
use k8s_openapi::api::core::v1::{Event, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use crate::checks::{dns_subdomain, immutable, qualified_name, quoted, text};

const MAX_NAME: usize = 128;
const MAX_MESSAGE: usize = 1024;
const OTHER_NAMESPACE: &str = "does not match event.namespace";

/// What every version asks of an event. Only events with an `eventTime` are looked at closely: the others come from
/// clients older than that field.
pub(super) fn leniently(event: &Event, reporter_field: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let namespace = text(&event.metadata.namespace);
    let about = text(&event.involved_object.namespace);
    let agrees = match (&event.event_time, about) {
        (None, "") => matches!(namespace, "" | "default"),
        (None, about) => about == namespace,
        (Some(_), "") => matches!(namespace, "default" | "kube-system"),
        (Some(_), _) => true,
    };
    if !agrees {
        errors.push(Error::invalid("involvedObject.namespace", about, OTHER_NAMESPACE));
    }
    if event.event_time.is_some() {
        reporter(&mut errors, event, reporter_field);
        short(&mut errors, "action", text(&event.action));
        short(&mut errors, "reason", text(&event.reason));
        too_long(&mut errors, "message", text(&event.message), MAX_MESSAGE);
    }
    dns_subdomain(&mut errors, &"namespace", namespace);
    errors
}

fn reporter(errors: &mut ErrorList, event: &Event, field: &str) {
    let reporter = text(&event.reporting_component);
    if reporter.is_empty() {
        errors.push(Error::required(field, ""));
    }
    qualified_name(errors, &field, reporter);
    short(errors, "reportingInstance", text(&event.reporting_instance));
}

fn short(errors: &mut ErrorList, field: &str, value: &str) {
    if value.is_empty() {
        errors.push(Error::required(field, ""));
    }
    too_long(errors, field, value, MAX_NAME);
}

fn too_long(errors: &mut ErrorList, field: &str, value: &str, max: usize) {
    if value.len() > max {
        errors.push(Error::invalid(field, "", format!("can have at most {max} characters")));
    }
}

/// What `events.k8s.io/v1` asks of a new event.
pub(super) fn strictly(event: &Event) -> ErrorList {
    let mut errors = leniently(event, "reportingController");
    let name = text(&event.metadata.name);
    let metadata = At::new("metadata");
    invalid(&mut errors, &metadata.child("name"), name, names::dns1123_subdomain(name));
    errors.extend(validate_kube_finalizers(&event.metadata));
    series(&mut errors, event);
    if event.event_time.is_none() {
        errors.push(Error::required("eventTime", ""));
    }
    let kind = text(&event.type_);
    if !matches!(kind, "Normal" | "Warning") {
        errors.push(Error::invalid("type", "", format!("has invalid value: {kind}")));
    }
    let old_fields = [
        ("firstTimestamp", event.first_timestamp.is_some()),
        ("lastTimestamp", event.last_timestamp.is_some()),
        ("count", event.count.is_some_and(|count| count != 0)),
        ("source", event.source.as_ref().is_some_and(|s| !text(&s.component).is_empty() || !text(&s.host).is_empty())),
    ];
    for (field, _) in old_fields.iter().filter(|(_, set)| *set) {
        errors.push(Error::invalid(*field, "", "needs to be unset"));
    }
    errors
}

fn series(errors: &mut ErrorList, event: &Event) {
    let Some(series) = &event.series else { return };
    if series.count.unwrap_or(0) < 2 {
        errors.push(Error::invalid("series.count", "", "should be at least 2"));
    }
    if series.last_observed_time.is_none() {
        errors.push(Error::required("series.lastObservedTime", ""));
    }
}

/// What `events.k8s.io/v1` lets an update change: the series, and nothing else.
pub(super) fn change(new: &Event, old: &Event) -> ErrorList {
    let mut errors = leniently(new, "reportingController");
    errors.extend(validate_kube_finalizers(&new.metadata));
    if new.series != old.series {
        series(&mut errors, new);
    }
    let reference = |object: &ObjectReference| shown_reference(object);
    let time = |t: &Option<_>| shown::time(t.as_ref()).to_string();
    immutable(&mut errors, &"involvedObject", &new.involved_object, &old.involved_object, reference);
    immutable(&mut errors, &"reason", &new.reason, &old.reason, quoted);
    immutable(&mut errors, &"message", &new.message, &old.message, quoted);
    immutable(&mut errors, &"source", &new.source, &old.source, |source| {
        let part = |value: Option<&Option<String>>| value.map_or("", text).into();
        let (component, host) = (part(source.as_ref().map(|s| &s.component)), part(source.as_ref().map(|s| &s.host)));
        shown::object(&[("Component", Some(component)), ("Host", Some(host))]).0
    });
    immutable(&mut errors, &"firstTimestamp", &new.first_timestamp, &old.first_timestamp, time);
    immutable(&mut errors, &"lastTimestamp", &new.last_timestamp, &old.last_timestamp, time);
    let number = |count: &Option<i32>| count.unwrap_or(0).to_string();
    immutable(&mut errors, &"count", &new.count, &old.count, number);
    // Upstream looks at the reason twice.
    immutable(&mut errors, &"reason", &new.reason, &old.reason, quoted);
    immutable(&mut errors, &"type", &new.type_, &old.type_, quoted);
    let micro = |t: &Option<MicroTime>| shown::json(t).0;
    immutable(&mut errors, &"eventTime", &new.event_time, &old.event_time, micro);
    immutable(&mut errors, &"action", &new.action, &old.action, quoted);
    immutable(&mut errors, &"related", &new.related, &old.related, |related| {
        related.as_ref().map_or_else(|| "null".to_owned(), shown_reference)
    });
    let (new_by, old_by) = (&new.reporting_component, &old.reporting_component);
    immutable(&mut errors, &"reportingController", new_by, old_by, quoted);
    immutable(&mut errors, &"reportingInstance", &new.reporting_instance, &old.reporting_instance, quoted);
    errors
}

fn shown_reference(object: &ObjectReference) -> String {
    let part = |value: &Option<String>| Some(text(value).into());
    shown::object(&[
        ("Kind", part(&object.kind)),
        ("Namespace", part(&object.namespace)),
        ("Name", part(&object.name)),
        ("UID", part(&object.uid)),
        ("APIVersion", part(&object.api_version)),
        ("ResourceVersion", part(&object.resource_version)),
        ("FieldPath", part(&object.field_path)),
    ])
    .0
}
