//! Ephemeral containers seen as containers: upstream's types share their fields, `k8s-openapi`'s do not.

use k8s_openapi::api::core::v1::{Container, EphemeralContainer};

macro_rules! shared_fields {
    ($from:expr, $to:ident, $($field:ident),+ $(,)?) => { $($to.$field = $from.$field;)+ };
}

/// The container within an ephemeral one.
pub(crate) fn as_container(ephemeral: &EphemeralContainer) -> Container {
    let from = ephemeral.clone();
    let mut container = Container::default();
    shared_fields!(
        from,
        container,
        args,
        command,
        env,
        env_from,
        image,
        image_pull_policy,
        lifecycle,
        liveness_probe,
        name,
        ports,
        readiness_probe,
        resize_policy,
        resources,
        restart_policy,
        restart_policy_rules,
        security_context,
        startup_probe,
        stdin,
        stdin_once,
        termination_message_path,
        termination_message_policy,
        tty,
        volume_devices,
        volume_mounts,
        working_dir,
    );
    container
}

/// Replaces the container within an ephemeral one.
pub(crate) fn set_container(ephemeral: &mut EphemeralContainer, from: Container) {
    shared_fields!(
        from,
        ephemeral,
        args,
        command,
        env,
        env_from,
        image,
        image_pull_policy,
        lifecycle,
        liveness_probe,
        name,
        ports,
        readiness_probe,
        resize_policy,
        resources,
        restart_policy,
        restart_policy_rules,
        security_context,
        startup_probe,
        stdin,
        stdin_once,
        termination_message_path,
        termination_message_policy,
        tty,
        volume_devices,
        volume_mounts,
        working_dir,
    );
}
