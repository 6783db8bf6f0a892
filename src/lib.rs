#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod authorize;
mod cluster;
mod condition;
mod error;
mod node;
#[cfg(feature = "https")]
mod serve;

pub use cluster::{Cluster, ClusterBuilder, controllers};
pub use condition::{Condition, job_complete, pod_ready, rolled_out};
pub use error::Error;
pub use node::{ClusterNode, NodeContext, NodeHandle};
#[cfg(feature = "https")]
pub use serve::Served;

pub use k8s_api as api;
pub use k8s_api_client as client;
pub use k8s_api_server as server;
pub use k8s_api_tables as tables;
pub use k8s_cni as cni;
pub use k8s_cri as cri;
pub use k8s_csi as csi;
pub use k8s_ctrl as ctrl;
pub use k8s_ctrl_cluster as ctrl_cluster;
pub use k8s_ctrl_workloads as ctrl_workloads;
pub use k8s_env as env;
pub use k8s_node as node_agent;
pub use k8s_sched as sched;
pub use k8s_sched_plugins as sched_plugins;
pub use k8s_store as store;

#[cfg(feature = "https")]
pub use k8s_api_https as https;
#[cfg(feature = "durable")]
pub use k8s_store_durable as store_durable;
#[cfg(feature = "etcd")]
pub use k8s_store_etcd as store_etcd;

/// The guides, so that what they show is compiled and run. Those that need a testkit are included by its crate.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../docs/guide-embedder.md")]
    struct Embedder;

    #[doc = include_str!("../docs/guide-single-part.md")]
    struct SinglePart;
}
