//! Whether a text names a time zone of the IANA database.

use jiff::tz::TimeZone;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;

pub(super) fn validate(zone: &str, at: &At<'_>, errors: &mut ErrorList) {
    if zone.is_empty() {
        errors.push(Error::invalid(at, zone, "timeZone must be nil or non-empty string"));
        return;
    }
    let unknown = || Error::invalid(at, zone, format!("unknown time zone {zone}"));
    if !zone.split('/').all(is_part) {
        errors.push(unknown());
        return;
    }
    if zone.eq_ignore_ascii_case("Local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.push(Error::invalid(at, zone, detail));
    }
    if !exists(zone) {
        errors.push(unknown());
    }
}

fn is_part(part: &str) -> bool {
    (1..=14).contains(&part.len())
        && !matches!(part, "." | "..")
        && !part.starts_with('-')
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
}

/// Whether there is a zone of this name, written exactly so.
pub(super) fn exists(zone: &str) -> bool {
    matches!(zone, "" | "UTC" | "Local") || TimeZone::get(zone).is_ok_and(|found| found.iana_name() == Some(zone))
}
