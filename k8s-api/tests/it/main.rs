//! The vocabulary from outside.

mod object;
mod quantity;
mod registry;
mod schema;
mod selector;
