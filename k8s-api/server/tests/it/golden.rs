//! What a real v1.36.2 answered, replayed request by request against the server behind HTTP.
//!
//! The recordings lie in the folder `shared` beside the repository. Managed fields are not kept yet, so they are dropped
//! on both sides. Full differences are written to `target/golden/TOPIC.txt`.

mod cluster;
mod diff;
mod mask;
mod record;
mod seed;
mod topic;

use topic::replay;

macro_rules! topics {
    ($($(#[$meta:meta])* $name:ident $floor:literal,)*) => {$(
        $(#[$meta])*
        #[tokio::test(start_paused = true)]
        async fn $name() {
            replay(stringify!($name), $floor).await;
        }
    )*};
}

topics! {
    apply_basic 0,
    bootstrap_apiservices 100,
    bootstrap_core_and_others 75,
    bootstrap_empty_lists 100,
    bootstrap_flowcontrol 100,
    bootstrap_rbac 100,
    defaults_cluster 76,
    defaults_other_namespaced 91,
    defaults_pods 98,
    defaults_services 100,
    defaults_workloads 100,
    deletion 100,
    discovery_aggregated 100,
    discovery_legacy 100,
    discovery_roots 97,
    openapi 100,
    patches_basic 100,
    protocol_bodies 0,
    protocol_errors 96,
    protocol_field_validation 0,
    protocol_identity 0,
    protocol_names 0,
    protocol_negotiation 0,
    protocol_parameters 0,
    protocol_paths_and_verbs 0,
    tables_columns 96,
    tables_rows 100,
    validation_cluster 93,
    validation_metadata 100,
    validation_other_namespaced 98,
    validation_pod_volumes 100,
    validation_pods 98,
    validation_services 100,
    validation_updates 98,
    validation_workloads 98,
    watches_lists 100,
}
