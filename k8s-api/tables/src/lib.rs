#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cells;
mod columns;
mod human;
mod partial;
mod rows;
mod table;
mod text;

pub use columns::{Column, columns};
pub use human::human_duration;
pub use partial::{partial, partial_list};
pub use rows::{Condition, Row, row};
pub use table::{Include, ListMeta, table, write_row};
pub use text::text;
