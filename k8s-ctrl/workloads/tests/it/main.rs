//! The controllers on a true API server, in simulated time; the tests are the kubelets.

mod daemon_set;
mod deployment;
mod disruption;
mod job;
mod names;
mod replica_set;
mod stateful_set;
mod support;
