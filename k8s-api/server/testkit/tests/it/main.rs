//! Who judges the judge: each defect is found, by the case that is there for it, and the pages and the lists are one text.
#![expect(clippy::unwrap_used, reason = "tests")]

mod admission;
mod authenticators;
mod authorizers;
mod promises;
