//! AppArmor profiles as annotations once named them.

use k8s_openapi::api::core::v1::AppArmorProfile;

/// Before the name of a container: the annotation with its profile.
pub(crate) const ANNOTATION_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The profile that an annotation names, if it names one.
pub(crate) fn from_annotation(annotation: &str) -> Option<AppArmorProfile> {
    let profile = |kind: &str| AppArmorProfile { type_: kind.to_owned(), localhost_profile: None };
    match annotation {
        "unconfined" => Some(profile("Unconfined")),
        "runtime/default" => Some(profile("RuntimeDefault")),
        other => other
            .strip_prefix("localhost/")
            .filter(|name| !name.is_empty())
            .map(|name| AppArmorProfile { localhost_profile: Some(name.to_owned()), ..profile("Localhost") }),
    }
}
