use jiff::Timestamp;
use k8s_env::Random;

use super::Draft;
use super::aggregate::{Aggregator, object_key};
use super::recent::Recent;

const REMEMBERED: usize = 4096;

/// A source may say so much about one object at once.
const SPAM_BURST: f64 = 25.0;

/// And then one thing every five minutes.
const SPAM_PER_SECOND: f64 = 1.0 / 300.0;

/// Decides what becomes of an event: a new object, one more of an earlier one, or nothing.
///
/// Upstream: `record.EventCorrelator`.
#[derive(Debug)]
pub(super) struct Correlator {
    aggregator: Aggregator,
    seen: Recent<Seen>,
    spam: Recent<Tokens>,
    random: Random,
}

/// What was last written for a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// How often it happened; 0 when it never did.
    pub(super) count: i32,
    /// When it first happened.
    pub(super) first: Option<Timestamp>,
    /// The name of the event object.
    pub(super) name: String,
}

#[derive(Debug)]
struct Tokens {
    left: f64,
    at: Option<Timestamp>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { left: SPAM_BURST, at: None }
    }
}

impl Correlator {
    pub(super) fn new(random: Random) -> Self {
        Self {
            aggregator: Aggregator::new(REMEMBERED),
            seen: Recent::new(REMEMBERED),
            spam: Recent::new(REMEMBERED),
            random,
        }
    }

    /// What to write of `draft`, which may get another message; `None` to drop it.
    pub(super) fn correlate(&mut self, draft: &mut Draft) -> Option<Seen> {
        let spam_key = object_key(draft);
        let key = self.aggregator.aggregate(draft);
        let seen = self.seen.entry(key);
        if seen.count == 0 {
            *seen = Seen { count: 1, first: Some(draft.at), name: draft.new_name(&self.random) };
        } else {
            seen.count = seen.count.saturating_add(1);
        }
        let seen = seen.clone();
        self.spam.entry(spam_key).take(draft.at).then_some(seen)
    }
}

impl Tokens {
    fn take(&mut self, now: Timestamp) -> bool {
        let elapsed = self.at.map_or(0.0, |at| now.duration_since(at).as_secs_f64());
        self.at = Some(now);
        self.left = (self.left + elapsed.max(0.0) * SPAM_PER_SECOND).min(SPAM_BURST);
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}
