//! Between etcd's messages and the store's requests and answers.

mod range;
mod record;
mod txn;

pub(crate) use range::Read;
pub(crate) use record::{event, key_range, key_value};
pub(crate) use txn::{Step, delete, delete_response, put, put_response};
