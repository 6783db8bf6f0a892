//! Definitions of custom resources: names, versions and where their schemas begin.
//!
//! What a schema may say below that is the business of those who compile it.
//!
//! Upstream: `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::shown::{Literal, list, object};
use k8s_api_kinds::{At, Rules, View, names};
use serde_json::{Value, json};

use crate::checks::{one_of, text};
use crate::trees::{child, child_or_new, field, fill, listed, required, spec_mut};

const SPEC: At<'static> = At::new("spec");
const MIXED_CASE: &str = "may have mixed case, but should otherwise match: ";

pub(crate) struct Definitions;

impl Rules for Definitions {
    fn default(&self, definition: &mut DynamicObject) {
        let Some(spec) = spec_mut(definition) else { return };
        if let Some(names) = child_or_new(spec, "names") {
            let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
            fill(names, "singular", kind.to_lowercase());
            if !kind.is_empty() {
                fill(names, "listKind", format!("{kind}List"));
            }
        }
        fill(spec, "conversion", json!({"strategy": "None"}));
        let client = child(spec, "conversion").and_then(|c| child(c, "webhook")).and_then(|w| child(w, "clientConfig"));
        if let Some(service) = client.and_then(|client| child(client, "service")) {
            fill(service, "port", 443);
        }
        let stored = storage_version(field(definition, "spec")).map(str::to_owned);
        if let (Some(stored), Some(status)) = (stored, child_or_new(&mut definition.rest, "status")) {
            crate::trees::fill_list(status, "storedVersions", &[&stored]);
        }
    }

    fn prepare_for_create(&self, definition: &mut DynamicObject) {
        let stored = storage_version(field(definition, "spec")).map(str::to_owned);
        definition.rest.insert("status".to_owned(), json!({"storedVersions": stored.as_slice()}));
    }

    fn validate(&self, definition: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(definition, "spec");
        let (group, names) = (spec.get("group").text(), spec.get("names"));
        let name = text(&definition.metadata.name);
        if name != format!("{}.{group}", names.get("plural").text()) {
            errors.push(Error::invalid("metadata.name", name, r#"must be spec.names.plural+"."+spec.group"#));
        }
        validate_group(&mut errors, group);
        let scope = spec.get("scope").text();
        if required(&mut errors, &SPEC.child("scope"), scope) {
            one_of(&mut errors, &SPEC.child("scope"), scope, &["Cluster", "Namespaced"]);
        }
        validate_versions(&mut errors, spec.get("versions"));
        validate_names(&mut errors, names, &SPEC.child("names"));
        validate_schemas(&mut errors, spec.get("versions"));
        let strategy = spec.get("conversion").get("strategy").text();
        let conversion = SPEC.child("conversion");
        one_of(&mut errors, &conversion.child("strategy"), strategy, &["None", "Webhook"]);
        let stored = field(definition, "status").get("storedVersions");
        stored_versions(&mut errors, stored, spec.get("versions"));
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        let established = field(old, "status")
            .get("conditions")
            .items()
            .any(|condition| condition.get("type").text() == "Established" && condition.get("status").text() == "True");
        let (spec, before) = (field(new, "spec"), field(old, "spec"));
        if established {
            let names = SPEC.child("names");
            crate::trees::fixed(&mut errors, &SPEC.child("scope"), spec.get("scope"), before.get("scope"));
            let kind = |spec: View<'_>| spec.get("names").get("kind").text().to_owned();
            if kind(spec) != kind(before) {
                errors.push(Error::invalid(&names.child("kind"), kind(spec), "field is immutable"));
            }
        }
        crate::trees::fixed(&mut errors, &SPEC.child("group"), spec.get("group"), before.get("group"));
        let plural = |spec: View<'_>| spec.get("names").get("plural").text().to_owned();
        if plural(spec) != plural(before) {
            errors.push(Error::invalid(&SPEC.child("names").child("plural"), plural(spec), "field is immutable"));
        }
        errors
    }
}

fn storage_version(spec: View<'_>) -> Option<&str> {
    spec.get("versions")
        .items()
        .find(|version| version.get("storage").is_true())
        .map(|version| version.get("name").text())
}

fn validate_group(errors: &mut ErrorList, group: &str) {
    let at = SPEC.child("group");
    if !required(errors, &at, group) {
        return;
    }
    let messages = names::dns1123_subdomain(group);
    if !messages.is_empty() {
        errors.push(Error::invalid(&at, group, messages.join(",")));
    } else if !group.contains('.') {
        errors.push(Error::invalid(&at, group, "should be a domain with at least one dot"));
    }
}

fn validate_versions(errors: &mut ErrorList, versions: View<'_>) {
    let all_at = SPEC.child("versions");
    for (i, version) in versions.items().enumerate() {
        if version.get("schema").get("openAPIV3Schema").is_none() {
            let at = all_at.index(i);
            errors.push(Error::required(&at.child("schema").child("openAPIV3Schema"), ""));
        }
    }
    let given: Vec<&str> = versions.items().map(|version| version.get("name").text()).collect();
    for (i, name) in given.iter().enumerate() {
        let messages = names::dns1035_label(name);
        if !messages.is_empty() {
            errors.push(Error::invalid(&all_at.index(i).child("name"), *name, messages.join(",")));
        }
    }
    if given.iter().enumerate().any(|(i, name)| given[..i].contains(name)) {
        errors.push(Error::invalid(&all_at, shown(versions), "must contain unique version names"));
    }
    if versions.items().filter(|version| version.get("storage").is_true()).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(Error::invalid(&all_at, shown(versions), detail));
    }
}

/// Versions as messages print them. What is equal in all of them stands elsewhere inside upstream's server.
fn shown(versions: View<'_>) -> Literal {
    list(versions.items().map(|version| {
        object(&[
            ("Name", Some(version.get("name").text().into())),
            ("Served", Some(version.get("served").is_true().into())),
            ("Storage", Some(version.get("storage").is_true().into())),
            ("Deprecated", Some(version.get("deprecated").is_true().into())),
            ("DeprecationWarning", Some(version.get("deprecationWarning").value().clone())),
            ("Schema", Some(Value::Null)),
            ("Subresources", Some(Value::Null)),
            ("AdditionalPrinterColumns", Some(Value::Null)),
            ("SelectableFields", Some(Value::Null)),
        ])
    }))
}

fn validate_names(errors: &mut ErrorList, given: View<'_>, at: &At<'_>) {
    for name in ["plural", "singular", "kind", "listKind"] {
        required(errors, &at.child(name), given.get(name).text());
    }
    for (name, mixed) in [("plural", false), ("singular", false), ("kind", true), ("listKind", true)] {
        let value = given.get(name).text();
        let messages = if mixed { names::dns1035_label(&value.to_lowercase()) } else { names::dns1035_label(value) };
        if !value.is_empty() && !messages.is_empty() {
            let prefix = if mixed { MIXED_CASE } else { "" };
            errors.push(Error::invalid(&at.child(name), value, format!("{prefix}{}", messages.join(","))));
        }
    }
    labels(errors, given.get("shortNames"), &at.child("shortNames"));
    let (kind, list_kind) = (given.get("kind").text(), given.get("listKind").text());
    if !kind.is_empty() && kind == list_kind {
        let detail = "kind and listKind may not be the same";
        errors.push(Error::invalid(&at.child("listKind"), list_kind, detail));
    }
    labels(errors, given.get("categories"), &at.child("categories"));
}

fn labels(errors: &mut ErrorList, all: View<'_>, list: &At<'_>) {
    for (i, name) in all.texts().enumerate() {
        let messages = names::dns1035_label(name);
        if !messages.is_empty() {
            errors.push(Error::invalid(&list.index(i), name, messages.join(",")));
        }
    }
}

fn validate_schemas(errors: &mut ErrorList, versions: View<'_>) {
    let schema = |version: View<'_>| version.get("schema").get("openAPIV3Schema").value().clone();
    let all: Vec<Value> = versions.items().map(schema).collect();
    let hoisted = all.windows(2).all(|pair| pair[0] == pair[1]);
    let validation = SPEC.child("validation");
    let list = SPEC.child("versions");
    for (i, schema) in all.iter().enumerate().filter(|(i, schema)| !schema.is_null() && (*i == 0 || !hoisted)) {
        let own = list.index(i);
        let own = own.child("schema");
        let at = if hoisted { &validation } else { &own };
        let at = at.child("openAPIV3Schema");
        match View::of(schema).get("type").text() {
            "object" => property_types(errors, View::of(schema), &at),
            "" => errors.push(Error::required(&at.child("type"), "must not be empty at the root")),
            other => errors.push(Error::invalid(&at.child("type"), other, "must be object at the root")),
        }
    }
}

/// Every property says what it is, unless it takes anything.
fn property_types(errors: &mut ErrorList, schema: View<'_>, at: &At<'_>) {
    let list = at.child("properties");
    for (name, property) in schema.get("properties").entries() {
        let at = list.key(name);
        let anything = property.get("x-kubernetes-int-or-string").is_true()
            || property.get("x-kubernetes-preserve-unknown-fields").is_true();
        if property.get("type").text().is_empty() && !anything {
            errors.push(Error::required(&at.child("type"), "must not be empty for specified object fields"));
        }
        property_types(errors, property, &at);
    }
}

fn stored_versions(errors: &mut ErrorList, stored: View<'_>, versions: View<'_>) {
    let status = At::new("status");
    let at = status.child("storedVersions");
    if stored.is_empty() {
        errors.push(Error::invalid(&at, Literal("null".to_owned()), "must have at least one stored version"));
        return;
    }
    let mut remaining: Vec<&str> = stored.texts().collect();
    for version in versions.items() {
        let name = version.get("name").text();
        let before = remaining.len();
        remaining.retain(|one| *one != name);
        if version.get("storage").is_true() && remaining.len() == before {
            errors.push(Error::invalid(&at, listed(stored), format!("must have the storage version {name}")));
        }
    }
    for (i, name) in stored.texts().enumerate() {
        if !versions.items().any(|version| version.get("name").text() == name) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {name} and removes {name} from \
                 status.storedVersions"
            );
            errors.push(Error::invalid(&at.index(i), name, detail));
        }
    }
}
