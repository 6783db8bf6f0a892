//! A controller that does as it should passes.

#[path = "it/twins.rs"]
mod twins;

k8s_ctrl_testkit::conformance!(|| twins::scenario(twins::Twins));
