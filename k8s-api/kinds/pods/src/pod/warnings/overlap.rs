//! Files of a volume that would hide each other.

use k8s_api::field::quote;
use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection};

use super::Warnings;
use crate::blank::{items, text};

/// A file and the source that brings it.
#[derive(Clone, PartialEq)]
struct Source {
    path: String,
    source: String,
}

impl Source {
    fn new(path: &str, source: &str) -> Self {
        Self { path: path.trim_end_matches('/').to_owned(), source: source.to_owned() }
    }

    fn shown(&self) -> String {
        if self.source.is_empty() { quote(&self.path) } else { format!("{} ({})", quote(&self.path), self.source) }
    }

    /// Whether one is the other, or a directory above it.
    fn overlaps(&self, other: &Self) -> bool {
        let (one, two) = (format!("{}/", self.path), format!("{}/", other.path));
        !self.path.is_empty() && !other.path.is_empty() && (one.starts_with(&two) || two.starts_with(&one))
    }
}

pub(super) fn paths(volumes: &[Volume], warnings: &mut Warnings) {
    for volume in volumes {
        if let Some(map) = &volume.config_map {
            let what = format!("ConfigMap {}", quote(&map.name));
            report(&volume.name, &what, keys(items(&map.items), ""), warnings);
        }
        if let Some(secret) = &volume.secret {
            let what = format!("Secret {}", quote(text(&secret.secret_name)));
            report(&volume.name, &what, keys(items(&secret.items), ""), warnings);
        }
        if let Some(api) = &volume.downward_api {
            report(&volume.name, "DownwardAPI", files(items(&api.items), ""), warnings);
        }
        if let Some(projected) = &volume.projected {
            let sources = items(&projected.sources);
            for _ in sources.iter().filter(|source| **source == VolumeProjection::default()) {
                warnings.push(format!("volume {} (Projected) has no sources provided", quote(&volume.name)));
            }
            report(&volume.name, "Projected", sources.iter().flat_map(of_source).collect(), warnings);
        }
    }
}

fn keys(keys: &[KeyToPath], source: &str) -> Vec<Source> {
    keys.iter().map(|key| Source::new(&key.path, source)).collect()
}

fn files(files: &[DownwardAPIVolumeFile], source: &str) -> Vec<Source> {
    files.iter().map(|file| Source::new(&file.path, source)).collect()
}

fn of_source(source: &VolumeProjection) -> Vec<Source> {
    if let Some(map) = &source.config_map
        && map.items.is_some()
    {
        keys(items(&map.items), &format!("ConfigMap {}", quote(&map.name)))
    } else if let Some(secret) = &source.secret
        && secret.items.is_some()
    {
        keys(items(&secret.items), &format!("Secret {}", quote(&secret.name)))
    } else if let Some(api) = &source.downward_api
        && api.items.is_some()
    {
        files(items(&api.items), "DownwardAPI")
    } else if let Some(token) = &source.service_account_token {
        vec![Source::new(&token.path, "ServiceAccountToken")]
    } else {
        Vec::new()
    }
}

fn report(volume: &str, what: &str, sources: Vec<Source>, warnings: &mut Warnings) {
    for (i, source) in sources.iter().enumerate() {
        for other in sources[..i].iter().filter(|other| source.overlaps(other)) {
            let (source, other) = (source.shown(), other.shown());
            warnings.push(format!("volume {} ({what}): overlapping paths: {source} with {other}", quote(volume)));
        }
    }
}
