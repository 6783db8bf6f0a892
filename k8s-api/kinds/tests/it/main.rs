//! The rules that all kinds share, through their public interface.

mod addresses;
mod generic;
mod metadata;
mod names;
