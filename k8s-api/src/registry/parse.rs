//! Reads `generated/registry.txt`; its head says what its lines mean. Names are slices of the text.

use super::{ResourceInfo, Subresource, Verb, Verbs};
use crate::{GroupVersionKind, GroupVersionResource, Name};

/// Reads the whole table, or nothing if any line is not as described.
pub(super) fn table(text: &'static str) -> Option<Vec<ResourceInfo>> {
    let mut resources: Vec<ResourceInfo> = Vec::new();
    let mut subresources = Vec::new();
    let mut place = ("", "");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(line) = line.strip_prefix("  ") {
            subresources.push(subresource(line, place)?);
            continue;
        }
        close(&mut resources, &mut subresources);
        if let Some(group_version) = line.strip_prefix('@') {
            place = split(group_version);
        } else {
            resources.push(resource(line.strip_prefix(' ')?, place)?);
        }
    }
    close(&mut resources, &mut subresources);
    Some(resources)
}

fn close(resources: &mut [ResourceInfo], subresources: &mut Vec<Subresource>) {
    if let Some(last) = resources.last_mut().filter(|_| !subresources.is_empty()) {
        last.subresources = subresources.drain(..).collect();
    }
}

fn split(group_version: &'static str) -> (&'static str, &'static str) {
    group_version.split_once('/').unwrap_or(("", group_version))
}

fn resource(line: &'static str, (group, version): (&'static str, &'static str)) -> Option<ResourceInfo> {
    let mut words = line.split(' ');
    let plural = words.next()?;
    let mut info = ResourceInfo {
        gvr: GroupVersionResource::new(group, version, plural),
        singular: Name::Borrowed(words.next()?),
        kind: Name::Borrowed(words.next()?),
        namespaced: words.next()? == "namespaced",
        verbs: verbs(words.next()?)?,
        short_names: Box::default(),
        categories: Box::default(),
        storage_version_hash: None,
        delete_returns_object: false,
        subresources: Box::default(),
    };
    for word in words {
        if word == "d" {
            info.delete_returns_object = true;
            continue;
        }
        match word.split_once('=')? {
            ("s", names) => info.short_names = names.split(',').map(Name::Borrowed).collect(),
            ("c", names) => info.categories = names.split(',').map(Name::Borrowed).collect(),
            ("h", hash) => info.storage_version_hash = Some(Name::Borrowed(hash)),
            _ => return None,
        }
    }
    Some(info)
}

fn subresource(line: &'static str, place: (&'static str, &'static str)) -> Option<Subresource> {
    let mut words = line.split(' ');
    let name = Name::Borrowed(words.next()?);
    let kind = words.next()?;
    let verbs = verbs(words.next()?)?;
    let (group, version) = match words.next() {
        Some(other) => split(other.strip_prefix("g=")?),
        None => place,
    };
    Some(Subresource { name, kind: GroupVersionKind::new(group, version, kind), verbs })
}

fn verbs(names: &str) -> Option<Verbs> {
    names.split(',').map(Verb::parse).collect()
}
