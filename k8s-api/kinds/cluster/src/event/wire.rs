//! Events as Go writes them: every time and source is there, be it empty.

use k8s_openapi::api::core::v1::{self as core, EventSource, ObjectReference};
use k8s_openapi::api::events::v1 as events;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time};
use serde::Serialize;

static NO_SOURCE: EventSource = EventSource { component: None, host: None };
static NO_REFERENCE: ObjectReference = ObjectReference {
    api_version: None,
    field_path: None,
    kind: None,
    name: None,
    namespace: None,
    resource_version: None,
    uid: None,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Core<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a ObjectMeta,
    involved_object: &'a ObjectReference,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    source: &'a EventSource,
    first_timestamp: Option<&'a Time>,
    last_timestamp: Option<&'a Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i32>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_: Option<&'a str>,
    event_time: Option<&'a MicroTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<CoreSeries<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<&'a ObjectReference>,
    reporting_component: &'a str,
    reporting_instance: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoreSeries<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i32>,
    last_observed_time: Option<&'a MicroTime>,
}

impl<'a> From<&'a core::Event> for Core<'a> {
    fn from(event: &'a core::Event) -> Self {
        Self {
            api_version: "v1",
            kind: "Event",
            metadata: &event.metadata,
            involved_object: &event.involved_object,
            reason: event.reason.as_deref(),
            message: event.message.as_deref(),
            source: event.source.as_ref().unwrap_or(&NO_SOURCE),
            first_timestamp: event.first_timestamp.as_ref(),
            last_timestamp: event.last_timestamp.as_ref(),
            count: event.count,
            type_: event.type_.as_deref(),
            event_time: event.event_time.as_ref(),
            series: event
                .series
                .as_ref()
                .map(|s| CoreSeries { count: s.count, last_observed_time: s.last_observed_time.as_ref() }),
            action: event.action.as_deref(),
            related: event.related.as_ref(),
            reporting_component: event.reporting_component.as_deref().unwrap_or_default(),
            reporting_instance: event.reporting_instance.as_deref().unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a ObjectMeta,
    event_time: Option<&'a MicroTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<&'a events::EventSeries>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporting_controller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporting_instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    regarding: &'a ObjectReference,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<&'a ObjectReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_: Option<&'a str>,
    deprecated_source: &'a EventSource,
    deprecated_first_timestamp: Option<&'a Time>,
    deprecated_last_timestamp: Option<&'a Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecated_count: Option<i32>,
}

impl<'a> From<&'a events::Event> for Events<'a> {
    fn from(event: &'a events::Event) -> Self {
        Self {
            api_version: "events.k8s.io/v1",
            kind: "Event",
            metadata: &event.metadata,
            event_time: event.event_time.as_ref(),
            series: event.series.as_ref(),
            reporting_controller: event.reporting_controller.as_deref(),
            reporting_instance: event.reporting_instance.as_deref(),
            action: event.action.as_deref(),
            reason: event.reason.as_deref(),
            regarding: event.regarding.as_ref().unwrap_or(&NO_REFERENCE),
            related: event.related.as_ref(),
            note: event.note.as_deref(),
            type_: event.type_.as_deref(),
            deprecated_source: event.deprecated_source.as_ref().unwrap_or(&NO_SOURCE),
            deprecated_first_timestamp: event.deprecated_first_timestamp.as_ref(),
            deprecated_last_timestamp: event.deprecated_last_timestamp.as_ref(),
            deprecated_count: event.deprecated_count,
        }
    }
}
