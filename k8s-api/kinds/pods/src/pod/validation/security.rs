//! Security contexts of pods and containers.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, internal, names};
use k8s_openapi::api::core::v1::{
    AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl,
};

use super::{Scope, known, paths, windows};
use crate::blank::items;

pub(super) fn pod_security_context(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let spec = scope.spec;
    let Some(context) = &spec.security_context else { return };
    id(context.fs_group, &at.child("fsGroup"), errors);
    id(context.run_as_user, &at.child("runAsUser"), errors);
    id(context.run_as_group, &at.child("runAsGroup"), errors);
    let groups = at.child("supplementalGroups");
    for (i, group) in items(&context.supplemental_groups).iter().enumerate() {
        id(Some(*group), &groups.index(i), errors);
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(Error::invalid(&at.child("shareProcessNamespace"), true, detail));
    }
    sysctls(items(&context.sysctls), scope, &at.child("sysctls"), errors);
    let policies = ["Always", "OnRootMismatch"];
    known(&context.fs_group_change_policy, &policies, &at.child("fsGroupChangePolicy"), errors);
    seccomp(context.seccomp_profile.as_ref(), &at.child("seccompProfile"), errors);
    windows::options(context.windows_options.as_ref(), &at.child("windowsOptions"), errors);
    app_armor(context.app_armor_profile.as_ref(), &at.child("appArmorProfile"), errors);
    let policies = ["Merge", "Strict"];
    known(&context.supplemental_groups_policy, &policies, &at.child("supplementalGroupsPolicy"), errors);
    selinux_change(context, scope, &at.child("seLinuxChangePolicy"), errors);
}

fn selinux_change(context: &PodSecurityContext, scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let allowed: &[&str] =
        if scope.options.any_selinux_change { &["MountOption", "Recursive"] } else { &["Recursive"] };
    known(&context.se_linux_change_policy, allowed, at, errors);
}

fn id(id: Option<i64>, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(id) = id {
        errors.extend(names::user_id(id).into_iter().map(|message| Error::invalid(at, id, message)));
    }
}

pub(super) fn container(context: &SecurityContext, host_users: bool, at: &At<'_>, errors: &mut ErrorList) {
    id(context.run_as_user, &at.child("runAsUser"), errors);
    id(context.run_as_group, &at.child("runAsGroup"), errors);
    if let Some(mount) = &context.proc_mount {
        let at = at.child("procMount");
        known(&context.proc_mount, &["Default", "Unmasked"], &at, errors);
        if host_users && mount == "Unmasked" {
            errors.push(Error::invalid(&at, mount, "`hostUsers` must be false to use `Unmasked`"));
        }
    }
    seccomp(context.seccomp_profile.as_ref(), &at.child("seccompProfile"), errors);
    if context.allow_privilege_escalation == Some(false) {
        no_escalation(context, at, errors);
    }
    windows::options(context.windows_options.as_ref(), &at.child("windowsOptions"), errors);
    app_armor(context.app_armor_profile.as_ref(), &at.child("appArmorProfile"), errors);
}

/// Who may not gain privileges cannot have them all.
fn no_escalation(context: &SecurityContext, at: &At<'_>, errors: &mut ErrorList) {
    let mut refuse = |what: &str| {
        let detail = format!("cannot set `allowPrivilegeEscalation` to false and {what}");
        errors.push(Error::invalid(at, internal::show("SecurityContext", context), detail));
    };
    if context.privileged == Some(true) {
        refuse("`privileged` to true");
    }
    let added = context.capabilities.iter().flat_map(|capabilities| items(&capabilities.add));
    added.filter(|capability| *capability == "CAP_SYS_ADMIN").for_each(|_| refuse("`capabilities.Add` CAP_SYS_ADMIN"));
}

fn seccomp(profile: Option<&SeccompProfile>, at: &At<'_>, errors: &mut ErrorList) {
    let Some(profile) = profile else { return };
    match profile.type_.as_str() {
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        "" => errors.push(Error::required(&at.child("type"), "type is required when seccompProfile is set")),
        other => {
            let types = ["Localhost", "RuntimeDefault", "Unconfined"];
            errors.push(Error::not_supported(&at.child("type"), other, &types));
        }
    }
    let place = at.child("localhostProfile");
    match (profile.type_ == "Localhost", &profile.localhost_profile) {
        (true, None) => errors.push(Error::required(&place, "must be set when seccomp type is Localhost")),
        (true, Some(path)) => paths::descending(path, &place, errors),
        (false, Some(_)) => {
            let detail = "can only be set when seccomp type is Localhost";
            errors.push(Error::invalid(&place, internal::show("SeccompProfile", profile), detail));
        }
        (false, None) => {}
    }
}

fn app_armor(profile: Option<&AppArmorProfile>, at: &At<'_>, errors: &mut ErrorList) {
    let Some(profile) = profile else { return };
    let place = at.child("localhostProfile");
    match (profile.type_.as_str(), &profile.localhost_profile) {
        ("Localhost", path) => {
            let path = path.as_deref().unwrap_or_default();
            if path.trim() != path {
                errors.push(Error::invalid(&place, path, "must not be padded with whitespace"));
            } else if path.is_empty() {
                errors.push(Error::required(&place, "must be set when AppArmor type is Localhost"));
            }
            if path.len() > 4095 {
                errors.push(Error::too_long(&place, 4095));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(path)) => {
            errors.push(Error::invalid(&place, path, "can only be set when AppArmor type is Localhost"));
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => errors.push(Error::required(&at.child("type"), "type is required when appArmorProfile is set")),
        (other, _) => {
            let types = ["Localhost", "RuntimeDefault", "Unconfined"];
            errors.push(Error::not_supported(&at.child("type"), other, &types));
        }
    }
}

fn sysctls(sysctls: &[Sysctl], scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let mut taken = BTreeSet::new();
    for (i, sysctl) in sysctls.iter().enumerate() {
        let at = at.index(i);
        let at = at.child("name");
        let name = &sysctl.name;
        if name.is_empty() {
            errors.push(Error::required(&at, ""));
        } else if !is_sysctl(name) {
            let detail = "must have at most 253 characters and match regex \
                          ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.push(Error::invalid(&at, name, detail));
        } else if taken.contains(name) {
            errors.push(Error::duplicate(&at, name));
        }
        if !scope.options.namespaced_sysctls_on_host
            && let Some(field) = host_namespace(name, scope.spec)
        {
            errors.push(Error::invalid(&at, name, format!("may not be specified when '{field}' is true")));
        }
        taken.insert(name);
    }
}

fn is_sysctl(name: &str) -> bool {
    let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 253
        && name.split(['.', '/']).all(|part| {
            let bytes = part.as_bytes();
            bytes.first().is_some_and(word)
                && bytes.last().is_some_and(word)
                && bytes.iter().all(|b| word(b) || matches!(b, b'-' | b'_'))
        })
}

/// Whether a pod sets parameters of namespaces that it shares with its node.
pub(super) fn has_sysctls_of_host(spec: &PodSpec) -> bool {
    let sysctls = spec.security_context.iter().flat_map(|context| items(&context.sysctls));
    sysctls.into_iter().any(|sysctl| host_namespace(&sysctl.name, spec).is_some())
}

/// The field by which a pod shares the namespace of a parameter with its node, if it does.
fn host_namespace(sysctl: &str, spec: &PodSpec) -> Option<&'static str> {
    let dotted = match sysctl.find(['.', '/']) {
        Some(i) if sysctl.as_bytes()[i] == b'/' => {
            let swap = |c| match c {
                '/' => '.',
                '.' => '/',
                other => other,
            };
            sysctl.chars().map(swap).collect()
        }
        _ => sysctl.to_owned(),
    };
    let of_ipc = [
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.shm",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.msg",
    ];
    if dotted.starts_with("net.") {
        (spec.host_network == Some(true)).then_some("hostNetwork")
    } else if of_ipc.contains(&dotted.as_str()) || dotted.starts_with("fs.mqueue.") {
        (spec.host_ipc == Some(true)).then_some("hostIPC")
    } else {
        None
    }
}
