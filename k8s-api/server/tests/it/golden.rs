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
    bootstrap_apiservices 0,
    bootstrap_core_and_others 0,
    bootstrap_empty_lists 0,
    bootstrap_flowcontrol 0,
    bootstrap_rbac 0,
    defaults_cluster 0,
    defaults_other_namespaced 0,
    defaults_pods 0,
    defaults_services 0,
    defaults_workloads 0,
    deletion 0,
    discovery_aggregated 0,
    discovery_legacy 0,
    discovery_roots 0,
    openapi 0,
    patches_basic 0,
    protocol_bodies 0,
    protocol_errors 0,
    protocol_field_validation 0,
    protocol_identity 0,
    protocol_names 0,
    protocol_negotiation 0,
    protocol_parameters 0,
    protocol_paths_and_verbs 0,
    tables_columns 0,
    tables_rows 0,
    validation_cluster 0,
    validation_metadata 0,
    validation_other_namespaced 0,
    validation_pod_volumes 0,
    validation_pods 0,
    validation_services 0,
    validation_updates 0,
    validation_workloads 0,
    watches_lists 0,
}
