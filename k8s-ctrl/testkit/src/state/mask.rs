use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::Stored;

/// What says nothing about where a controller has led things: when, how often, and under what number.
const DROPPED: [&str; 5] = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"];

/// Admission gives pods a volume with their token; chance ends its name.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// Replaces what chance chose by what it stands for: a uid by its object, a generated name by what it begins with.
#[derive(Debug)]
pub(super) struct Mask(BTreeMap<String, String>);

impl Mask {
    pub(super) fn of(objects: &[Stored]) -> Self {
        let mut words = BTreeMap::new();
        for object in objects {
            let meta = &object.value()["metadata"];
            let mut key = object.key().to_owned();
            if let Some(stem) = meta["generateName"].as_str().filter(|stem| object.name().starts_with(stem)) {
                let name = format!("{stem}*");
                key = key.replace(object.name(), &name);
                if let Some(ip) = object.value()["status"]["podIP"].as_str() {
                    words.insert(ip.to_owned(), format!("address of {name}"));
                }
                words.insert(object.name().to_owned(), name);
            }
            words.insert(object.uid().to_owned(), format!("uid of {key}"));
        }
        Self(words)
    }

    pub(super) fn apply(&self, key: String, mut object: Value) -> (String, Value) {
        let generation = object["metadata"]["generation"].as_i64();
        if let Some(meta) = object["metadata"].as_object_mut() {
            meta.retain(|field, _| !DROPPED.contains(&&**field));
        }
        if let Some(annotations) = object["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
            // They tell when something happened, and are left out where nobody knows.
            annotations.retain(|_, value| !value.as_str().is_some_and(is_time));
        }
        self.cover(&mut object, generation);
        sort_lists(&mut object);
        let name = key.rsplit('/').next().unwrap_or_default();
        let key = self.0.get(name).map_or_else(|| key.clone(), |masked| key.replace(name, masked));
        (key, object)
    }

    fn cover(&self, value: &mut Value, generation: Option<i64>) {
        match value {
            Value::String(text) => {
                if let Some(word) = self.0.get(text.as_str()) {
                    word.clone_into(text);
                } else if is_time(text) {
                    "a time".clone_into(text);
                } else if text.starts_with(TOKEN_VOLUME) {
                    format!("{TOKEN_VOLUME}*").clone_into(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.cover(item, generation)),
            Value::Object(fields) => {
                for (field, value) in fields.iter_mut() {
                    if field == "observedGeneration" {
                        // How many changes it took may differ, that all of them were seen may not.
                        let seen = value.as_i64() == generation;
                        *value = if seen { "the latest" } else { "an older one" }.into();
                    } else {
                        self.cover(value, generation);
                    }
                }
                let keys: Vec<_> = fields.keys().filter(|key| self.0.contains_key(*key)).cloned().collect();
                for key in keys {
                    if let Some(value) = fields.remove(&key) {
                        fields.insert(self.0[&key].clone(), value);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

/// Lists that a controller fills as things come to pass have no order of their own.
fn sort_lists(object: &mut Value) {
    for field in ["status", "endpoints", "subsets"] {
        if let Some(value) = object.get_mut(field) {
            sort(value);
        }
    }
    for field in ["finalizers", "ownerReferences"] {
        if let Some(value) = object["metadata"].get_mut(field) {
            sort(value);
        }
    }
    if let Some(taints) = object.get_mut("spec").and_then(|spec| spec.get_mut("taints")) {
        sort(taints);
    }
}

fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_cached_key(ToString::to_string);
        }
        Value::Object(fields) => fields.values_mut().for_each(sort),
        _ => {}
    }
}
