//! What does not go with the operating system a pod names.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{PodSpec, SecurityContext};

use super::visit;
use crate::blank::items;

pub(super) fn os(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(os) = &spec.os else { return };
    match os.name.as_str() {
        "linux" => linux(spec, at, errors),
        "windows" => windows(spec, at, errors),
        "" => {
            let at = at.child("os");
            errors.push(Error::required(&at.child("name"), ""));
        }
        other => errors.push(Error::not_supported(&at.child("os"), other, &["linux", "windows"])),
    }
}

fn linux(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let detail = "windows options cannot be set for a linux pod";
    if spec.security_context.as_ref().is_some_and(|context| context.windows_options.is_some()) {
        let at = at.child("securityContext");
        errors.push(Error::forbidden(&at.child("windowsOptions"), detail));
    }
    visit(spec, at, |container, at| {
        if container.security_context.as_ref().is_some_and(|context| context.windows_options.is_some()) {
            let at = at.child("securityContext");
            errors.push(Error::forbidden(&at.child("windowsOptions"), detail));
        }
    });
}

fn windows(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(context) = &spec.security_context {
        let inner = at.child("securityContext");
        let given = [
            (&inner, "appArmorProfile", context.app_armor_profile.is_some()),
            (&inner, "seLinuxOptions", context.se_linux_options.is_some()),
            (at, "hostUsers", spec.host_users.is_some()),
            (at, "hostPID", spec.host_pid == Some(true)),
            (at, "hostIPC", spec.host_ipc == Some(true)),
            (&inner, "seccompProfile", context.seccomp_profile.is_some()),
            (&inner, "fsGroup", context.fs_group.is_some()),
            (&inner, "fsGroupChangePolicy", context.fs_group_change_policy.is_some()),
            (&inner, "sysctls", !items(&context.sysctls).is_empty()),
            (at, "shareProcessNamespace", spec.share_process_namespace.is_some()),
            (&inner, "runAsUser", context.run_as_user.is_some()),
            (&inner, "runAsGroup", context.run_as_group.is_some()),
            (&inner, "supplementalGroups", context.supplemental_groups.is_some()),
            (&inner, "supplementalGroupsPolicy", context.supplemental_groups_policy.is_some()),
            (&inner, "seLinuxChangePolicy", context.se_linux_change_policy.is_some()),
        ];
        for (at, field, _) in given.into_iter().filter(|(_, _, given)| *given) {
            errors.push(Error::forbidden(&at.child(field), NOT_ON_WINDOWS));
        }
    }
    visit(spec, at, |container, at| {
        if let Some(context) = &container.security_context {
            container_on_windows(context, &at.child("securityContext"), errors);
        }
    });
}

const NOT_ON_WINDOWS: &str = "cannot be set for a windows pod";

fn container_on_windows(context: &SecurityContext, at: &At<'_>, errors: &mut ErrorList) {
    let given = [
        ("appArmorProfile", context.app_armor_profile.is_some()),
        ("seLinuxOptions", context.se_linux_options.is_some()),
        ("seccompProfile", context.seccomp_profile.is_some()),
        ("capabilities", context.capabilities.is_some()),
        ("readOnlyRootFilesystem", context.read_only_root_filesystem.is_some()),
        ("privileged", context.privileged.is_some()),
        ("allowPrivilegeEscalation", context.allow_privilege_escalation.is_some()),
        ("procMount", context.proc_mount.is_some()),
        ("runAsUser", context.run_as_user.is_some()),
        ("runAsGroup", context.run_as_group.is_some()),
    ];
    for (field, _) in given.into_iter().filter(|(_, given)| *given) {
        errors.push(Error::forbidden(&at.child(field), NOT_ON_WINDOWS));
    }
}

const WINDOWS_SIGNALS: [&str; 2] = ["SIGKILL", "SIGTERM"];

const LINUX_SIGNALS: [&str; 65] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMAX-1",
    "SIGRTMAX-10",
    "SIGRTMAX-11",
    "SIGRTMAX-12",
    "SIGRTMAX-13",
    "SIGRTMAX-14",
    "SIGRTMAX-2",
    "SIGRTMAX-3",
    "SIGRTMAX-4",
    "SIGRTMAX-5",
    "SIGRTMAX-6",
    "SIGRTMAX-7",
    "SIGRTMAX-8",
    "SIGRTMAX-9",
    "SIGRTMIN",
    "SIGRTMIN+1",
    "SIGRTMIN+10",
    "SIGRTMIN+11",
    "SIGRTMIN+12",
    "SIGRTMIN+13",
    "SIGRTMIN+14",
    "SIGRTMIN+15",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+4",
    "SIGRTMIN+5",
    "SIGRTMIN+6",
    "SIGRTMIN+7",
    "SIGRTMIN+8",
    "SIGRTMIN+9",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

/// The signal that asks a container to stop.
pub(super) fn stop_signal(signal: &str, spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let allowed: &[&str] = match spec.os.as_ref().map(|os| os.name.as_str()) {
        None => {
            errors.push(Error::forbidden(at, "may not be set for containers with empty `spec.os.name`"));
            return;
        }
        Some("windows") => &WINDOWS_SIGNALS,
        Some("linux") => &LINUX_SIGNALS,
        Some(_) => return,
    };
    if !allowed.contains(&signal) {
        errors.push(Error::not_supported(at, signal, allowed));
    }
}
