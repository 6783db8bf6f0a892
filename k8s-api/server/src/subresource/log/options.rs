use jiff::Timestamp;
use k8s_api::field::{Error, Path, quote};
use k8s_api::{GroupKind, Status};

/// Checks the options of reading a log.
///
/// Upstream: `ValidatePodLogOptions` in `pkg/apis/core/validation`, with the choice of one stream switched off, as it is
/// by default.
pub(super) fn check(pod: &str, query: &[(String, String)]) -> Result<(), Status> {
    let text = |key: &str| query.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
    let number = |key| text(key).map(number).transpose();
    let [tail, limit, since] = [number("tailLines")?, number("limitBytes")?, number("sinceSeconds")?];
    let since_time = text("sinceTime").filter(|text| !text.is_empty());
    since_time.map(time).transpose()?;
    let mut errors = Vec::new();
    if let Some(lines) = tail.filter(|lines| *lines < 0) {
        errors.push(Error::invalid(&Path::new("tailLines"), lines, "must be greater than or equal to 0"));
    }
    if let Some(bytes) = limit.filter(|bytes| *bytes < 1) {
        errors.push(Error::invalid(&Path::new("limitBytes"), bytes, "must be greater than 0"));
    }
    match since {
        Some(_) if since_time.is_some() => {
            let why = "at most one of `sinceTime` or `sinceSeconds` may be specified";
            errors.push(Error::forbidden(&Path::new(""), why));
        }
        Some(seconds) if seconds < 1 => {
            errors.push(Error::invalid(&Path::new("sinceSeconds"), seconds, "must be greater than 0"));
        }
        _ => {}
    }
    if text("stream").is_some() {
        errors.push(Error::forbidden(&Path::new("stream"), "may not be specified"));
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(&GroupKind::new("", "PodLogOptions"), pod, &errors)) }
}

fn number(text: &str) -> Result<i64, Status> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        Status::bad_request(format!("strconv.ParseInt: parsing {}: {why}", quote(text)))
    })
}

fn time(text: &str) -> Result<Timestamp, Status> {
    text.parse().map_err(|_| {
        let text = quote(text);
        Status::bad_request(format!("parsing time {text} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text}"))
    })
}
