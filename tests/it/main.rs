//! The whole house from outside: programs that others wrote drive a cluster over HTTPS, as they drive any other.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what is compared and what is skipped is told")]
#![expect(clippy::disallowed_methods, reason = "the environment tells where those programs are")]

mod around;
mod example;
mod kubectl;
mod manifests;
mod parts;
mod python;
mod served;
mod stores;
mod story;
