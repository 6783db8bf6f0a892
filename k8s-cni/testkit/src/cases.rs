//! The cases, one module for each trait. Each takes a fresh network and panics if a promise is broken; the number in a
//! case's documentation is the promise's in the front page of `k8s-cni`.

pub mod pods;
pub mod policies;
pub mod services;
