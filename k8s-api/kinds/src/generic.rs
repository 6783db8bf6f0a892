use std::fmt;

use k8s_api::field::ErrorList;
use k8s_api::schema::{Table, Type};
use k8s_api::{AnyObject, DynamicObject, GroupVersionKind};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use crate::{AnyStrategy, Facts, canonical};

/// What a kind asks for beyond [`Generic`], written on trees. Every method may do nothing.
pub trait Rules: Send + Sync {
    /// As [`Strategy::default`](crate::Strategy::default); runs before the object is brought into canonical form.
    fn default(&self, object: &mut DynamicObject) {
        let _ = object;
    }

    /// As [`Strategy::prepare_for_create`](crate::Strategy::prepare_for_create), after the status was dropped.
    fn prepare_for_create(&self, object: &mut DynamicObject) {
        let _ = object;
    }

    /// As [`Strategy::validate_create`](crate::Strategy::validate_create).
    fn validate(&self, object: &DynamicObject) -> ErrorList {
        let _ = object;
        ErrorList::new()
    }

    /// As [`Strategy::prepare_for_update`](crate::Strategy::prepare_for_update), after status and generation were set.
    fn prepare_for_update(&self, new: &mut DynamicObject, old: &DynamicObject) {
        let _ = (new, old);
    }

    /// As [`Strategy::validate_update`](crate::Strategy::validate_update).
    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let _ = old;
        self.validate(new)
    }

    /// As [`Strategy::prepare_for_subresource_update`](crate::Strategy::prepare_for_subresource_update), after all but
    /// the status was taken back from `old`.
    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut DynamicObject, old: &DynamicObject) {
        let _ = (subresource, new, old);
    }

    /// As [`Strategy::validate_subresource_update`](crate::Strategy::validate_subresource_update).
    fn validate_subresource_update(&self, subresource: &str, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let _ = (subresource, new, old);
        ErrorList::new()
    }

    /// As [`Strategy::warnings`](crate::Strategy::warnings).
    fn warnings(&self, new: &DynamicObject, old: Option<&DynamicObject>) -> Vec<String> {
        let _ = (new, old);
        Vec::new()
    }

    /// As [`Strategy::field_labels`](crate::Strategy::field_labels).
    fn field_labels(&self, object: &DynamicObject) -> Vec<(&'static str, String)> {
        let _ = object;
        Vec::new()
    }
}

struct NoRules;

impl Rules for NoRules {}

/// The strategy of kinds without a Rust type of their own here: by itself it defaults nothing and checks nothing but
/// metadata; [`Rules`] add what a kind asks for. A write to any subresource changes the status alone.
///
/// Works on [`DynamicObject`], so that a kind costs no code. Keeps `status` apart from the rest where the kind has that
/// subresource, and counts changes of the rest in `metadata.generation` where the kind counts.
#[derive(Clone)]
pub struct Generic {
    rules: &'static dyn Rules,
    facts: Facts,
    ty: Option<&'static Type>,
    status: bool,
    counts: bool,
    custom: bool,
}

impl Generic {
    /// Of a built-in kind, whose schema says which fields are written when empty.
    pub fn builtin(gvk: &GroupVersionKind, facts: Facts) -> Self {
        Self { rules: &NoRules, facts, ty: Table::builtin().kind(gvk), status: false, counts: false, custom: false }
    }

    /// Of a custom resource: it counts changes, and finalizers may have any qualified name.
    pub fn custom() -> Self {
        let facts = Facts { standard_finalizers: false, unconditional_update: false, ..Facts::new() };
        Self { rules: &NoRules, facts, ty: None, status: false, counts: true, custom: true }
    }

    /// What the kind asks for beside.
    pub fn with_rules(mut self, rules: &'static dyn Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Whether `status` is written through its subresource alone.
    pub fn with_status(mut self, status: bool) -> Self {
        self.status = status;
        self
    }

    /// Whether `metadata.generation` counts changes.
    pub fn counting(mut self, counts: bool) -> Self {
        self.counts = counts;
        self
    }

    fn tidy(&self, object: &mut DynamicObject) {
        if let Some(ty) = self.ty {
            canonical::rest(Table::builtin(), ty, &mut object.rest);
        }
    }

    fn same_but_status(&self, new: &Map<String, Value>, old: &Map<String, Value>) -> bool {
        let counted =
            |object: &Map<String, Value>| object.len() - usize::from(self.status && object.contains_key("status"));
        counted(new) == counted(old)
            && new.iter().all(|(key, value)| (self.status && key == "status") || old.get(key) == Some(value))
    }
}

impl AnyStrategy for Generic {
    fn decode(&self, tree: Value) -> serde_json::Result<Box<dyn AnyObject>> {
        Ok(Box::new(serde_json::from_value::<DynamicObject>(tree)?))
    }

    fn decode_bytes(&self, bytes: &[u8]) -> serde_json::Result<Box<dyn AnyObject>> {
        Ok(Box::new(serde_json::from_slice::<DynamicObject>(bytes)?))
    }

    fn accepts(&self, object: &dyn AnyObject) -> bool {
        object.as_any().is::<DynamicObject>()
    }

    fn facts(&self) -> Facts {
        self.facts
    }

    fn default(&self, object: &mut dyn AnyObject) {
        let object = own_mut(object);
        canonical::meta(&mut object.metadata);
        self.rules.default(object);
        self.tidy(object);
    }

    fn prepare_for_create(&self, object: &mut dyn AnyObject) {
        let object = own_mut(object);
        if self.counts {
            object.metadata.generation = Some(1);
        }
        if self.status {
            object.rest.remove("status");
        }
        self.rules.prepare_for_create(object);
        self.tidy(object);
    }

    fn validate_create(&self, object: &dyn AnyObject) -> ErrorList {
        self.rules.validate(own(object))
    }

    fn prepare_for_update(&self, new: &mut dyn AnyObject, old: &dyn AnyObject) {
        let (new, old) = (own_mut(new), own(old));
        if self.status {
            carry(&mut new.rest, &old.rest, "status");
        }
        let changed = self.counts && !self.same_but_status(&new.rest, &old.rest);
        count(&mut new.metadata, &old.metadata, changed);
        self.rules.prepare_for_update(new, old);
    }

    fn validate_update(&self, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList {
        self.rules.validate_update(own(new), own(old))
    }

    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut dyn AnyObject, old: &dyn AnyObject) {
        let (new, old) = (own_mut(new), own(old));
        let status = new.rest.remove("status");
        new.rest.clone_from(&old.rest);
        match status {
            Some(status) => drop(new.rest.insert("status".to_owned(), status)),
            None => drop(new.rest.remove("status")),
        }
        self.rules.prepare_for_subresource_update(subresource, new, old);
        self.tidy(new);
        if self.custom {
            let managed = new.metadata.managed_fields.take();
            let revision = new.metadata.resource_version.take();
            new.metadata = ObjectMeta { managed_fields: managed, resource_version: revision, ..old.metadata.clone() };
        }
        new.metadata.generation = old.metadata.generation;
    }

    fn validate_subresource_update(&self, subresource: &str, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList {
        self.rules.validate_subresource_update(subresource, own(new), own(old))
    }

    fn warnings(&self, new: &dyn AnyObject, old: Option<&dyn AnyObject>) -> Vec<String> {
        self.rules.warnings(own(new), old.map(own))
    }

    fn field_labels(&self, object: &dyn AnyObject) -> Vec<(&'static str, String)> {
        self.rules.field_labels(own(object))
    }
}

impl fmt::Debug for Generic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generic")
            .field("ty", &self.ty.map(Type::name))
            .field("status", &self.status)
            .field("counts", &self.counts)
            .field("custom", &self.custom)
            .finish_non_exhaustive()
    }
}

/// Sets the generation of an update: that of the old object, and one more when something counted has changed.
pub fn count(new: &mut ObjectMeta, old: &ObjectMeta, changed: bool) {
    new.generation = if changed { Some(old.generation.unwrap_or(0) + 1) } else { old.generation };
}

fn carry(new: &mut Map<String, Value>, old: &Map<String, Value>, field: &str) {
    match old.get(field) {
        Some(value) => drop(new.insert(field.to_owned(), value.clone())),
        None => drop(new.remove(field)),
    }
}

fn own(object: &dyn AnyObject) -> &DynamicObject {
    object.as_any().downcast_ref().expect("an object meets the strategy of its own kind")
}

fn own_mut(object: &mut dyn AnyObject) -> &mut DynamicObject {
    object.as_any_mut().downcast_mut().expect("an object meets the strategy of its own kind")
}
