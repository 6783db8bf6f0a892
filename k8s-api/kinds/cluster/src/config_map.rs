//! ConfigMaps.
//!
//! Upstream: `pkg/registry/core/configmap`, `ValidateConfigMap`.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, names, tidy};
use k8s_openapi::api::core::v1::ConfigMap;

use crate::checks::{no_field_labels, no_subresources, no_warnings};

/// The most bytes that the values of a ConfigMap, or of a Secret, may have together.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

pub(crate) const IMMUTABLE: &str = "field is immutable when `immutable` is set";

/// The strategy of ConfigMaps.
#[derive(Clone, Copy, Debug)]
pub struct ConfigMaps;

impl Strategy for ConfigMaps {
    type Object = ConfigMap;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, map: &mut ConfigMap) {
        canonical::meta(&mut map.metadata);
        tidy!(map => data, binary_data);
    }

    fn prepare_for_create(&self, _: &mut ConfigMap) {}

    fn validate_create(&self, map: &ConfigMap) -> ErrorList {
        let mut errors = ErrorList::new();
        let mut size = 0;
        let at = At::new("data");
        for (key, value) in map.data.iter().flatten() {
            invalid(&mut errors, &at.key(key), key, names::config_map_key(key));
            if map.binary_data.as_ref().is_some_and(|binary| binary.contains_key(key)) {
                errors.push(Error::invalid(&at.key(key), key, "duplicate of key present in binaryData"));
            }
            size += value.len();
        }
        let at = At::new("binaryData");
        for (key, value) in map.binary_data.iter().flatten() {
            invalid(&mut errors, &at.key(key), key, names::config_map_key(key));
            size += value.0.len();
        }
        if size > MAX_BYTES {
            // What upstream's path of no name prints.
            errors.push(Error::too_long("[]", MAX_BYTES));
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut ConfigMap, old: &ConfigMap) {
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &ConfigMap, old: &ConfigMap) -> ErrorList {
        let mut errors = ErrorList::new();
        if old.immutable == Some(true) {
            let changed = [
                ("immutable", new.immutable != Some(true)),
                ("data", new.data != old.data),
                ("binaryData", new.binary_data != old.binary_data),
            ];
            errors.extend(changed.iter().filter(|(_, yes)| *yes).map(|(field, _)| Error::forbidden(*field, IMMUTABLE)));
        }
        errors.extend(self.validate_create(new));
        errors
    }

    no_subresources!();
    no_warnings!();
    no_field_labels!();
}
