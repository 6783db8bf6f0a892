//! The vocabulary from outside.

mod quantity;
mod registry;
mod schema;
mod selector;
