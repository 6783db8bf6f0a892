//! Discovery documents: what is served, one request per group version or all at once.

use k8s_api::registry::{Group, ResourceInfo, Snapshot, Subresource, Verbs};
use k8s_api::{GroupVersionKind, Name};
use serde_json::{Map, Value, json};

/// The document of `/api`. `server_address` is `host:port` where clients reach the server.
pub fn api_versions(snapshot: &Snapshot, server_address: &str) -> Value {
    let core = snapshot.group("").map(|group| group.versions.as_slice()).unwrap_or_default();
    let versions: Vec<&str> = core.iter().map(|version| &*version.name).collect();
    json!({
        "kind": "APIVersions",
        "versions": versions,
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": server_address }],
    })
}

/// The document of `/apis`.
pub fn group_list(snapshot: &Snapshot) -> Value {
    let groups: Vec<Value> = named_groups(snapshot).map(|group| Value::Object(group_facts(group))).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

/// The document of `/apis/GROUP`; none if the group is not served.
pub fn group(snapshot: &Snapshot, name: &str) -> Option<Value> {
    let group = named_groups(snapshot).find(|group| group.name == name)?;
    let mut document = group_facts(group);
    document.insert("kind".into(), "APIGroup".into());
    document.insert("apiVersion".into(), "v1".into());
    Some(Value::Object(document))
}

/// The document of `/api/VERSION`, for the empty group, and `/apis/GROUP/VERSION`; none if that is not served.
pub fn resource_list(snapshot: &Snapshot, group: &str, version: &str) -> Option<Value> {
    let served = snapshot.version(group, version)?;
    let mut resources = Vec::new();
    for info in &served.resources {
        resources.push(resource(info));
        resources.extend(info.subresources.iter().map(|sub| subresource(info, sub)));
    }
    let mut document = Map::new();
    document.insert("kind".into(), "APIResourceList".into());
    if !group.is_empty() {
        document.insert("apiVersion".into(), "v1".into());
    }
    document.insert("groupVersion".into(), group_version(group, version).into());
    document.insert("resources".into(), resources.into());
    Some(Value::Object(document))
}

/// The aggregated document of `/api`, `apidiscovery.k8s.io/v2`.
pub fn aggregated_core(snapshot: &Snapshot) -> Value {
    aggregated(snapshot.group("").into_iter(), snapshot)
}

/// The aggregated document of `/apis`, `apidiscovery.k8s.io/v2`.
pub fn aggregated_groups(snapshot: &Snapshot) -> Value {
    aggregated(named_groups(snapshot), snapshot)
}

/// The document of `/`: every path there is, sorted. `others` are those that are not of the API, such as `/version`.
pub fn paths<'a>(snapshot: &Snapshot, others: impl IntoIterator<Item = &'a str>) -> Value {
    let mut paths: Vec<String> = others.into_iter().map(str::to_owned).collect();
    paths.extend(["/api", "/apis", "/apis/"].map(str::to_owned));
    for group in snapshot.groups() {
        let prefix = if group.name.is_empty() { "/api".to_owned() } else { format!("/apis/{}", group.name) };
        paths.extend(group.versions.iter().map(|version| format!("{prefix}/{}", version.name)));
        paths.push(prefix);
    }
    paths.sort_unstable();
    paths.dedup();
    json!({ "paths": paths })
}

fn named_groups(snapshot: &Snapshot) -> impl Iterator<Item = &Group> {
    snapshot.groups().iter().filter(|group| !group.name.is_empty() && !group.versions.is_empty())
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn group_facts(group: &Group) -> Map<String, Value> {
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| json!({ "groupVersion": group_version(&group.name, &version.name), "version": version.name }))
        .collect();
    let mut facts = Map::new();
    facts.insert("name".into(), name(&group.name));
    facts.insert("preferredVersion".into(), versions.first().cloned().unwrap_or_default());
    facts.insert("versions".into(), versions.into());
    facts
}

fn resource(info: &ResourceInfo) -> Value {
    let mut document = Map::new();
    document.insert("name".into(), name(&info.gvr.resource));
    document.insert("singularName".into(), name(&info.singular));
    document.insert("namespaced".into(), info.namespaced.into());
    document.insert("kind".into(), name(&info.kind));
    document.insert("verbs".into(), verbs(info.verbs));
    insert_names(&mut document, info);
    if let Some(hash) = &info.storage_version_hash {
        document.insert("storageVersionHash".into(), name(hash));
    }
    Value::Object(document)
}

fn subresource(info: &ResourceInfo, sub: &Subresource) -> Value {
    let mut document = Map::new();
    document.insert("name".into(), format!("{}/{}", info.gvr.resource, sub.name).into());
    document.insert("singularName".into(), "".into());
    document.insert("namespaced".into(), info.namespaced.into());
    if !is_of(&sub.kind, info) {
        document.insert("group".into(), name(&sub.kind.group));
        document.insert("version".into(), name(&sub.kind.version));
    }
    document.insert("kind".into(), name(&sub.kind.kind));
    document.insert("verbs".into(), verbs(sub.verbs));
    Value::Object(document)
}

fn aggregated<'a>(groups: impl Iterator<Item = &'a Group>, snapshot: &Snapshot) -> Value {
    let items: Vec<Value> = groups
        .map(|group| {
            let builtin = snapshot.is_builtin(&group.name);
            let versions: Vec<Value> = group
                .versions
                .iter()
                .map(|version| {
                    let resources: Vec<Value> =
                        version.resources.iter().map(|info| aggregated_resource(info, builtin)).collect();
                    json!({ "version": version.name, "resources": resources, "freshness": "Current" })
                })
                .collect();
            let metadata = if group.name.is_empty() { json!({}) } else { json!({ "name": group.name }) };
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items })
}

fn aggregated_resource(info: &ResourceInfo, builtin: bool) -> Value {
    // For its own kinds upstream leaves group and version empty, for custom ones it does not.
    let response_kind = |kind: &GroupVersionKind| {
        let own = builtin && is_of(kind, info);
        let (group, version) = if own { ("", "") } else { (&*kind.group, &*kind.version) };
        json!({ "group": group, "version": version, "kind": kind.kind })
    };
    let mut document = Map::new();
    document.insert("resource".into(), name(&info.gvr.resource));
    document.insert("responseKind".into(), response_kind(&info.gvk()));
    document.insert("scope".into(), if info.namespaced { "Namespaced" } else { "Cluster" }.into());
    document.insert("singularResource".into(), name(&info.singular));
    document.insert("verbs".into(), verbs(info.verbs));
    insert_names(&mut document, info);
    if !info.subresources.is_empty() {
        let subresources = info.subresources.iter().map(|sub| {
            json!({ "subresource": sub.name, "responseKind": response_kind(&sub.kind), "verbs": verbs(sub.verbs) })
        });
        document.insert("subresources".into(), subresources.collect());
    }
    Value::Object(document)
}

fn insert_names(document: &mut Map<String, Value>, info: &ResourceInfo) {
    for (key, names) in [("shortNames", &info.short_names), ("categories", &info.categories)] {
        if !names.is_empty() {
            document.insert(key.into(), names.iter().map(name).collect());
        }
    }
}

fn is_of(kind: &GroupVersionKind, info: &ResourceInfo) -> bool {
    kind.group == info.gvr.group && kind.version == info.gvr.version
}

fn name(name: &Name) -> Value {
    Value::String(name.to_string())
}

fn verbs(verbs: Verbs) -> Value {
    verbs.iter().map(|verb| Value::from(verb.as_str())).collect()
}
