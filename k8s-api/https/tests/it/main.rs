//! Everything through the public interface; sockets are on the loopback interface.

mod api_server;
mod fixture;
mod hostile;
mod in_process;
mod kube_controller;
mod kubeconfig;
mod kubectl;
mod pki;
mod refusals;
mod serve;
mod transport;
