use std::time::Duration;

use jiff::Timestamp;

use crate::time::{plus, until};

const FIRST: Duration = Duration::from_secs(10);
const CAP: Duration = Duration::from_secs(300);

/// The pause between attempts at one thing: 10 s, doubled each time up to 5 min, and forgotten after 10 quiet minutes.
///
/// Upstream: `k8s.io/client-go/util/flowcontrol.Backoff` as the kubelet sets it up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff(Option<Entry>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    pause: Duration,
    updated: Timestamp,
}

impl Backoff {
    /// When the pause that began with `event` is over; `None` when there is none at `now`.
    pub(crate) fn ends(&self, event: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let entry = self.0.filter(|entry| !entry.is_stale(event))?;
        let end = plus(event, entry.pause);
        (now < end).then_some(end)
    }

    /// When the pause that began with the last failure is over; `None` when there is none at `now`.
    pub(crate) fn ends_since_update(&self, now: Timestamp) -> Option<Timestamp> {
        let entry = self.0.filter(|entry| !entry.is_stale(now))?;
        let end = plus(entry.updated, entry.pause);
        (now < end).then_some(end)
    }

    /// The present pause.
    pub(crate) fn pause(&self) -> Duration {
        self.0.map_or(Duration::ZERO, |entry| entry.pause)
    }

    /// Notes one more attempt.
    pub(crate) fn next(&mut self, event: Timestamp, now: Timestamp) {
        let pause = match self.0 {
            Some(entry) if !entry.is_stale(event) => (entry.pause * 2).min(CAP),
            _ => FIRST,
        };
        self.0 = Some(Entry { pause, updated: now });
    }
}

impl Entry {
    fn is_stale(&self, at: Timestamp) -> bool {
        until(self.updated, at) > CAP * 2
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::Backoff;

    #[test]
    fn pauses_double_to_a_cap_and_are_forgotten() {
        let at = |s: i64| Timestamp::from_second(s).unwrap();
        let mut backoff = Backoff::default();
        assert_eq!(backoff.ends(at(0), at(0)), None);
        let mut seen = Vec::new();
        for _ in 0..7 {
            backoff.next(at(0), at(0));
            seen.push(backoff.pause().as_secs());
        }
        assert_eq!(seen, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(backoff.ends(at(1), at(2)), Some(at(301)));
        backoff.next(at(1000), at(1000));
        assert_eq!(backoff.pause(), Duration::from_secs(10));
    }
}
