use std::time::Duration;

use jiff::Timestamp;
use k8s_env::Env;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The present as objects carry it, in whole seconds.
pub(crate) fn now(env: &Env) -> Time {
    whole(env.clock.now())
}

/// A moment as objects carry it, in whole seconds.
pub(crate) fn whole(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// How long it is until a moment this long after `since`; zero when that is past.
pub(crate) fn until(now: Timestamp, since: Timestamp, seconds: i64) -> Duration {
    let due = since.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    Duration::try_from(now.duration_until(due)).unwrap_or_default()
}
