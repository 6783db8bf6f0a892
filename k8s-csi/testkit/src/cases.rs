//! The cases, one module for each subject. Each takes fresh volumes and panics if a promise is broken; the number in a
//! case's documentation is the promise's in the front page of `k8s-csi-kit`.

pub mod drivers;
pub mod pods;
