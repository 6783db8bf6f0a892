use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::events::v1 as events;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;

/// An `events.k8s.io/v1` event as `v1` has it, and as it is stored. Nothing is lost.
pub fn from_events_v1(event: events::Event) -> core::Event {
    core::Event {
        metadata: event.metadata,
        involved_object: event.regarding.unwrap_or_default(),
        reason: event.reason,
        message: event.note,
        source: event.deprecated_source,
        first_timestamp: event.deprecated_first_timestamp,
        last_timestamp: event.deprecated_last_timestamp,
        count: event.deprecated_count,
        type_: event.type_,
        event_time: event.event_time,
        series: event.series.map(|series| core::EventSeries {
            count: Some(series.count).filter(|count| *count != 0),
            last_observed_time: Some(series.last_observed_time).filter(|time| *time != zero()),
        }),
        action: event.action,
        related: event.related,
        reporting_component: Some(event.reporting_controller.unwrap_or_default()),
        reporting_instance: Some(event.reporting_instance.unwrap_or_default()),
    }
}

/// A `v1` event as `events.k8s.io/v1` has it. Nothing is lost.
pub fn to_events_v1(event: core::Event) -> events::Event {
    events::Event {
        metadata: event.metadata,
        regarding: Some(event.involved_object),
        reason: event.reason,
        note: event.message,
        deprecated_source: event.source,
        deprecated_first_timestamp: event.first_timestamp,
        deprecated_last_timestamp: event.last_timestamp,
        deprecated_count: event.count,
        type_: event.type_,
        event_time: event.event_time,
        series: event.series.map(|series| events::EventSeries {
            count: series.count.unwrap_or_default(),
            last_observed_time: series.last_observed_time.unwrap_or_else(zero),
        }),
        action: event.action,
        related: event.related,
        reporting_controller: event.reporting_component.filter(|name| !name.is_empty()),
        reporting_instance: event.reporting_instance.filter(|name| !name.is_empty()),
    }
}

/// The time that stands for none where the type wants one.
fn zero() -> MicroTime {
    MicroTime(Timestamp::UNIX_EPOCH)
}
