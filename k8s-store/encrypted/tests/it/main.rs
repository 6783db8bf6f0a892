//! What encryption promises beyond the conformance kit.

mod keys;
mod values;
