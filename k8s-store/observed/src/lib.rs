#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod metered;
mod metrics;

mod traced;

pub use metered::Metered;
pub use metrics::Metrics;
pub use traced::Traced;
