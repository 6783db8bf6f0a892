//! The vocabulary from outside.

mod registry;
mod schema;
