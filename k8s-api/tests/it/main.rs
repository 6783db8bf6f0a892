//! The vocabulary from outside.

mod schema;
