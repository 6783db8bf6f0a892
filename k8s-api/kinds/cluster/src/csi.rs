//! CSI drivers, what they are on a node, what they can still hold, and what they have attached.
//!
//! Upstream: `pkg/apis/storage`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api::quantity::Quantity;
use k8s_api_kinds::labels::SelectorOptions;
use k8s_api_kinds::{At, Rules, View, count};

use crate::checks::{dns_subdomain, one_of, qualified_name};
use crate::storage_class::driver_name;
use crate::trees::{changed, field, fill, fill_list, fixed, listed, required, selector, spec_mut};

const SPEC: At<'static> = At::new("spec");
const MIN_TOKEN_SECONDS: i64 = 600;
const MAX_TOKEN_SECONDS: i64 = 1 << 32;
const MAX_NODE_ID: usize = 256;
const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

pub(crate) struct Drivers;

pub(crate) struct Nodes;

pub(crate) struct Capacities;

pub(crate) struct Attachments;

impl Rules for Drivers {
    fn default(&self, driver: &mut DynamicObject) {
        let Some(spec) = spec_mut(driver) else { return };
        fill(spec, "attachRequired", true);
        for name in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
            fill(spec, name, false);
        }
        fill(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        fill_list(spec, "volumeLifecycleModes", &["Persistent"]);
    }

    fn prepare_for_create(&self, driver: &mut DynamicObject) {
        if let Some(spec) = spec_mut(driver) {
            spec.remove("preventPodSchedulingIfMissing");
        }
    }

    fn validate(&self, driver: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(driver, "spec");
        let policies = ["File", "None", "ReadWriteOnceWithFSType"];
        one_of(&mut errors, &SPEC.child("fsGroupPolicy"), spec.get("fsGroupPolicy").text(), &policies);
        token_requests(&mut errors, spec.get("tokenRequests"));
        for mode in spec.get("volumeLifecycleModes").texts() {
            one_of(&mut errors, &SPEC.child("volumeLifecycleModes"), mode, &["Persistent", "Ephemeral"]);
        }
        let period = spec.get("nodeAllocatableUpdatePeriodSeconds").int();
        if let Some(period) = period.filter(|period| *period < 10) {
            let at = SPEC.child("nodeAllocatableUpdatePeriodSeconds");
            errors.push(Error::invalid(&at, period, "must be greater than or equal to 10 seconds"));
        }
        let in_secrets = spec.get("serviceAccountTokenInSecrets");
        if in_secrets.is_some() && spec.get("tokenRequests").is_empty() {
            let detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
            errors.push(Error::invalid(&SPEC.child("serviceAccountTokenInSecrets"), in_secrets.is_true(), detail));
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut DynamicObject, old: &DynamicObject) {
        let differs = changed(field(new, "spec"), field(old, "spec"));
        count(&mut new.metadata, &old.metadata, differs);
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        let (spec, before) = (field(new, "spec"), field(old, "spec"));
        let at = SPEC.child("attachedRequired");
        fixed(&mut errors, &at, spec.get("attachRequired"), before.get("attachRequired"));
        let name = "volumeLifecycleModes";
        fixed(&mut errors, &SPEC.child(name), spec.get(name), before.get(name));
        errors
    }

    fn warnings(&self, new: &DynamicObject, old: Option<&DynamicObject>) -> Vec<String> {
        let spec = field(new, "spec");
        let silent = spec.get("tokenRequests").is_empty() || spec.get("serviceAccountTokenInSecrets").is_some();
        if silent || old.is_some() {
            return Vec::new();
        }
        vec![
            "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent \
             possible logging of tokens in volume attributes"
                .to_owned(),
        ]
    }
}

fn token_requests(errors: &mut ErrorList, requests: View<'_>) {
    let list = SPEC.child("tokenRequests");
    let mut audiences = Vec::new();
    for (i, request) in requests.items().enumerate() {
        let at = list.index(i);
        let audience = request.get("audience").text();
        if audiences.contains(&audience) {
            errors.push(Error::duplicate(&at.child("audience"), audience));
            continue;
        }
        audiences.push(audience);
        let wrong = match request.get("expirationSeconds").int() {
            Some(seconds) if seconds < MIN_TOKEN_SECONDS => {
                Some((seconds, "may not specify a duration less than 10 minutes"))
            }
            Some(seconds) if seconds > MAX_TOKEN_SECONDS => {
                Some((seconds, "may not specify a duration larger than 2^32 seconds"))
            }
            _ => None,
        };
        errors.extend(wrong.map(|(seconds, what)| Error::invalid(&at.child("expirationSeconds"), seconds, what)));
    }
}

impl Rules for Nodes {
    fn validate(&self, node: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let list = SPEC.child("drivers");
        let mut seen = Vec::new();
        for (i, driver) in field(node, "spec").get("drivers").items().enumerate() {
            let at = list.index(i);
            let name = driver.get("name").text();
            driver_name(&mut errors, name, &at.child("name"));
            node_id(&mut errors, driver.get("nodeID").text(), &at.child("nodeID"));
            if let Some(count) = driver.get("allocatable").get("count").int().filter(|count| *count < 0) {
                errors.push(Error::invalid(&at.child("allocatable").child("count"), count, NOT_NEGATIVE));
            }
            if seen.contains(&name) {
                errors.push(Error::duplicate(&at.child("name"), name));
            }
            seen.push(name);
            topology_keys(&mut errors, driver.get("topologyKeys"), &at);
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        let drivers = |node| field(node, "spec").get("drivers").items();
        let at = SPEC.child("drivers");
        for before in drivers(old) {
            for driver in drivers(new).filter(|driver| driver.get("name") == before.get("name")) {
                let same = ["nodeID", "topologyKeys"].iter().all(|name| !changed(driver.get(name), before.get(name)));
                if !same {
                    errors.push(Error::invalid(&at, listed(driver), "field is immutable"));
                }
            }
        }
        errors
    }
}

fn node_id(errors: &mut ErrorList, id: &str, at: &At<'_>) {
    required(errors, at, id);
    if id.len() > MAX_NODE_ID {
        errors.push(Error::invalid(at, id, format!("must be {MAX_NODE_ID} characters or less")));
    }
}

fn topology_keys(errors: &mut ErrorList, keys: View<'_>, at: &At<'_>) {
    let mut seen = Vec::new();
    for key in keys.texts() {
        required(errors, at, key);
        if seen.contains(&key) {
            errors.push(Error::duplicate(at, key));
        }
        seen.push(key);
        qualified_name(errors, at, key);
    }
}

impl Rules for Capacities {
    fn validate(&self, capacity: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let topology = field(capacity, "nodeTopology");
        if topology.is_some() {
            selector(&mut errors, &"nodeTopology", topology, SelectorOptions::default());
        }
        dns_subdomain(&mut errors, &"storageClassName", field(capacity, "storageClassName").text());
        let amount = Quantity::parse(field(capacity, "capacity").text()).ok();
        if let Some(amount) = amount.filter(|amount| amount.signum() < 0) {
            errors.push(Error::invalid("capacity", amount.to_string(), NOT_NEGATIVE));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        for name in ["nodeTopology", "storageClassName"] {
            fixed(&mut errors, &name, field(new, name), field(old, name));
        }
        errors
    }
}

impl Rules for Attachments {
    fn validate(&self, attachment: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(attachment, "spec");
        driver_name(&mut errors, spec.get("attacher").text(), &SPEC.child("attacher"));
        let (inline, volume) =
            (spec.get("source").get("inlineVolumeSpec"), spec.get("source").get("persistentVolumeName"));
        let at = SPEC.child("source");
        let one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        match (inline.is_some(), volume.is_some()) {
            (false, false) => errors.push(Error::required(&at, one)),
            (true, true) => errors.push(Error::forbidden(&at, one)),
            (false, true) if volume.text().is_empty() => {
                let detail = "must specify non empty persistentVolumeName";
                errors.push(Error::required(&at.child("persistentVolumeName"), detail));
            }
            (true, false) => inline_volume(&mut errors, inline, &at.child("inlineVolumeSpec")),
            (false, true) => {}
        }
        dns_subdomain(&mut errors, &SPEC.child("nodeName"), spec.get("nodeName").text());
        if volume.is_some() {
            dns_subdomain(&mut errors, &at.child("persistentVolumeName"), volume.text());
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        fixed(&mut errors, &SPEC, field(new, "spec"), field(old, "spec"));
        errors
    }
}

fn inline_volume(errors: &mut ErrorList, spec: View<'_>, at: &At<'_>) {
    let mut forbid = |name: &str| {
        let empty = name == "capacity" && spec.get(name).is_empty();
        if spec.get(name).is_some() && !empty {
            errors.push(Error::forbidden(&at.child(name), "may not be specified in the context of inline volumes"));
        }
    };
    forbid("claimRef");
    forbid("capacity");
    forbid("nodeAffinity");
    if spec.get("csi").is_none() {
        errors.push(Error::required(&at.child("csi"), "has to be specified in the context of inline volumes"));
    }
    if spec.get("accessModes").is_empty() {
        errors.push(Error::required(&at.child("accessModes"), ""));
    }
}
