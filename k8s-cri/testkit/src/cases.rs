//! The cases, one module for each subject. Each takes a fresh runtime and panics if a promise is broken; the number in
//! a case's documentation is the promise's in the front page of `k8s-cri-kit`.

pub mod containers;
pub mod events;
pub mod images;
pub mod logs;
pub mod sandboxes;
pub mod sessions;
pub mod stats;

mod support;
