#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod any;
mod gvk;
mod kind;
mod meta;
mod object;
mod user;

pub mod field;
pub mod quantity;
pub mod registry;
pub mod schema;
pub mod selector;
pub mod status;

pub use any::{AnyObject, DynamicObject};
pub use gvk::{GroupKind, GroupVersionKind, GroupVersionResource, Name};
pub use kind::Kind;
pub use meta::Meta;
pub use object::{DecodeError, Object};
pub use status::{Reason, Status};
pub use user::UserInfo;
