//! Documents against what Kubernetes v1.36 answered.

mod discovery;
mod gnostic;
mod golden;
mod openapi;
