use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use k8s_store::{Error, Status};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

/// What is counted of one store or of several together. Clones share it.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    operations: Family<Ended, Counter>,
    seconds: Family<Called, Histogram, fn() -> Histogram>,
    read: Counter,
    written: Counter,
    watches: Gauge,
    events: Counter,
    ends: Family<Outcome, Counter>,
    revision: Gauge<u64, AtomicU64>,
    oldest: Gauge<u64, AtomicU64>,
    size: Gauge<u64, AtomicU64>,
    in_use: Gauge<u64, AtomicU64>,
}

/// What a store is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names of the labels")]
pub(crate) enum Operation {
    range,
    txn,
    watch,
    compact,
    status,
    grant,
    keep_alive,
    revoke,
    time_to_live,
    leases,
    snapshot,
    defragment,
    hash,
    close,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    operation: Operation,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    operation: Operation,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Metrics {
    /// Registers the metrics, under names that begin with `store_`. A registry takes one of them; labels and prefixes
    /// for more come from its sub-registries.
    pub fn new(registry: &mut Registry) -> Self {
        let families = Families {
            operations: Family::default(),
            seconds: Family::new_with_constructor(latencies),
            read: Counter::default(),
            written: Counter::default(),
            watches: Gauge::default(),
            events: Counter::default(),
            ends: Family::default(),
            revision: Gauge::default(),
            oldest: Gauge::default(),
            size: Gauge::default(),
            in_use: Gauge::default(),
        };
        let of = registry.sub_registry_with_prefix("store");
        of.register("operations", "Calls that were answered, by how", families.operations.clone());
        let seconds = families.seconds.clone();
        of.register_with_unit("operation", "Time from a call to its answer", Unit::Seconds, seconds);
        of.register_with_unit("read", "Keys and values that were read", Unit::Bytes, families.read.clone());
        of.register_with_unit("written", "Keys and values that were written", Unit::Bytes, families.written.clone());
        of.register("watches", "Open watches", families.watches.clone());
        of.register("watch_events", "Events that watches told", families.events.clone());
        of.register("watch_ends", "Watches that ended by themselves, by why", families.ends.clone());
        of.register("revision", "The latest revision, when the store last told", families.revision.clone());
        of.register("oldest_revision", "The oldest revision, when the store last told", families.oldest.clone());
        of.register_with_unit("size", "What the store occupies, when it last told", Unit::Bytes, families.size.clone());
        let in_use = families.in_use.clone();
        of.register_with_unit("size_in_use", "What of its size is in use, when it last told", Unit::Bytes, in_use);
        Self(Arc::new(families))
    }

    pub(crate) fn answered<T>(&self, operation: Operation, called: Instant, result: &Result<T, Error>) {
        let outcome = result.as_ref().map_or_else(kind, |_| "ok");
        self.0.operations.get_or_create(&Ended { operation, outcome }).inc();
        self.0.seconds.get_or_create(&Called { operation }).observe(called.elapsed().as_secs_f64());
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.0.read.inc_by(bytes as u64);
    }

    pub(crate) fn written(&self, bytes: usize) {
        self.0.written.inc_by(bytes as u64);
    }

    pub(crate) fn status(&self, status: &Status) {
        self.0.revision.set(status.revision.0);
        self.0.oldest.set(status.oldest.0);
        self.0.size.set(status.size);
        self.0.in_use.set(status.size_in_use);
    }

    pub(crate) fn watch_opened(&self) {
        self.0.watches.inc();
    }

    pub(crate) fn watch_told(&self, events: usize) {
        self.0.events.inc_by(events as u64);
    }

    pub(crate) fn watch_ended(&self, error: &Error) {
        self.0.ends.get_or_create(&Outcome { outcome: kind(error) }).inc();
    }

    pub(crate) fn watch_dropped(&self) {
        self.0.watches.dec();
    }
}

/// From 10 µs, what a store in memory takes, to 10 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.000_01, 10_f64.sqrt(), 13))
}

/// The name of an error's kind.
pub(crate) fn kind(error: &Error) -> &'static str {
    match error {
        Error::Compacted { .. } => "compacted",
        Error::Future { .. } => "future",
        Error::Overflowed => "overflowed",
        Error::Closed => "closed",
        Error::Invalid { .. } => "invalid",
        Error::Denied { .. } => "denied",
        Error::NotFound { .. } => "not_found",
        Error::LeaseNotFound { .. } => "lease_not_found",
        Error::LeaseExists { .. } => "lease_exists",
        Error::Corrupt { .. } => "corrupt",
        Error::NoSpace => "no_space",
        Error::Unavailable { .. } => "unavailable",
        Error::Uncertain { .. } => "uncertain",
        _ => "other",
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
