#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod store;

mod key_range;
mod range;
mod record;
mod revision;
mod txn;
mod watch;

mod error;

mod leases;
mod maintenance;

mod ext;

pub mod engine;
pub mod memory;
mod prefixed;

pub use error::{Error, Retry};
pub use ext::{StoreExt, Swap};
pub use key_range::KeyRange;
pub use leases::{Lease, LeaseStatus, Leases};
pub use maintenance::{Hash, Maintenance, Snapshot};
pub use memory::Memory;
pub use prefixed::Prefixed;
pub use range::{Page, RangeOptions};
pub use record::{Event, EventKind, KeyValue};
pub use revision::{LeaseId, Revision};
pub use store::{Status, Store};
pub use txn::{Compare, Delete, Field, Op, OpResult, Operand, Put, Relation, Txn, TxnOutcome};
pub use watch::{EventFilter, Watch, WatchBatch, WatchOptions, WatchSource};
