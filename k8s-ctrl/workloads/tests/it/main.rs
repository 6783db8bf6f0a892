//! The controllers on a true API server, in simulated time; the tests are the kubelets.

mod deployment;
mod disruption;
mod job;
mod replica_set;
mod speed;
mod support;
