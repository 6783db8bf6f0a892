//! Who judges the judge: each violation and each defect is found, and what is right is not accused.

#![expect(clippy::unwrap_used, reason = "tests")]

mod defects;
mod histories;
mod journal;
mod left_out;
mod promises;
mod random;
mod reopening;
mod soak;
