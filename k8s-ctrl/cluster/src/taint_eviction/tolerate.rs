use std::time::Duration;

use k8s_openapi::api::core::v1::{Taint, Toleration};

/// How long a pod bears the taints of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    None,
    For(Duration),
    Endless,
}

/// How long something with these tolerations bears all of `taints`.
pub(super) fn patience(taints: &[Taint], tolerations: &[Toleration]) -> Patience {
    let mut shortest: Option<i64> = None;
    for taint in taints {
        let Some(toleration) = tolerations.iter().find(|toleration| tolerates(toleration, taint)) else {
            return Patience::None;
        };
        if let Some(seconds) = toleration.toleration_seconds {
            shortest = Some(shortest.map_or(seconds, |shortest| shortest.min(seconds)));
        }
    }
    match shortest {
        None => Patience::Endless,
        Some(..=0) => Patience::None,
        Some(seconds) => Patience::For(Duration::from_secs(seconds.unsigned_abs())),
    }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let wildcard = |wanted: &Option<String>, found: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == found)
    };
    if !wildcard(&toleration.effect, &taint.effect) || !wildcard(&toleration.key, &taint.key) {
        return false;
    }
    match toleration.operator.as_deref().unwrap_or_default() {
        "" | "Equal" => toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default(),
        "Exists" => true,
        _ => false,
    }
}
