//! Times as the API writes them, and durations as Go prints them.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The API keeps whole seconds; the fraction is cut off.
pub(crate) fn api_time(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// The time from `from` to `to`; zero when it is over.
pub(crate) fn until(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// `at` plus `seconds`.
pub(crate) fn plus(at: Timestamp, duration: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(duration).ok().and_then(|d| at.checked_add(d).ok()).unwrap_or(Timestamp::MAX)
}

/// A duration of whole milliseconds as Go's `Duration.String` prints it: `1m20s`, `1.5s`, `12ms`, `0s`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    let mut text = String::new();
    if seconds >= 3600 {
        text = format!("{}h", seconds / 3600);
    }
    if seconds >= 60 {
        text = format!("{text}{}m", seconds / 60 % 60);
    }
    if fraction == 0 {
        format!("{text}{}s", seconds % 60)
    } else {
        let digits = format!("{fraction:03}");
        format!("{text}{}.{}s", seconds % 60, digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::go_duration;

    #[test]
    fn durations_read_as_in_go() {
        let shown = [0, 12, 1_500, 10_000, 80_000, 300_000, 3_600_000].map(|ms| go_duration(Duration::from_millis(ms)));
        assert_eq!(shown, ["0s", "12ms", "1.5s", "10s", "1m20s", "5m0s", "1h0m0s"]);
    }
}
