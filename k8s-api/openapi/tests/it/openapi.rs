#![expect(clippy::print_stdout, reason = "tests")]

use std::collections::BTreeSet;

use k8s_api::registry::Registry;
use k8s_api_openapi::{v2, v2_hash, v3, v3_hash, v3_index};
use serde_json::Value;

use crate::golden::{Differences, compare, shared};

fn report(what: &str, found: &Differences) {
    println!(
        "{what}: {} values as upstream's, {} of {} descriptions in other words, {} enumerations, {} other differences",
        found.n_same,
        found.descriptions.len(),
        found.n_described,
        found.n_enumerations,
        found.others.len()
    );
    for difference in found.others.iter().take(40) {
        println!("  {difference}");
    }
}

#[test]
fn the_v3_index_lists_upstreams_documents() {
    let Some(recorded) = shared("golden/api/openapi.json") else { return };
    let served = Registry::builtin().snapshot();
    let ours = v3_index(&served);
    let theirs = recorded.as_array().unwrap().iter().find(|one| one["name"] == "v3 index").unwrap();
    let names = |index: &Value| index["paths"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&ours), names(&theirs["response"]["body"]));
    for name in names(&ours) {
        let hash = v3_hash(&served, &name).unwrap();
        assert_eq!(hash.len(), 128);
        assert_eq!(ours["paths"][&name]["serverRelativeURL"], format!("/openapi/v3/{name}?hash={hash}"));
    }
}

#[test]
fn v3_documents_are_upstreams_but_for_words() {
    let served = Registry::builtin().snapshot();
    let mut found = Differences::default();
    let mut n_documents = 0;
    for name in v3_index(&served)["paths"].as_object().unwrap().keys() {
        let file = format!("openapi/v3-v1.36/{}_openapi.json", name.replace('/', "__"));
        let Some(theirs) = shared(&file) else { continue };
        let ours: Value = serde_json::from_slice(&v3(&served, name).unwrap()).unwrap();
        compare(name, &ours, &theirs, &mut found);
        n_documents += 1;
    }
    report(&format!("OpenAPI v3, {n_documents} documents"), &found);
    assert!(found.others.is_empty());
    assert!(v3(&served, "apis/nope/v1").is_none());
}

#[test]
fn the_v2_document_is_upstreams_but_for_words() {
    let Some(mut theirs) = shared("openapi/swagger-v1.36.json") else { return };
    let served = Registry::builtin().snapshot();
    let ours: Value = serde_json::from_slice(&v2(&served, "unversioned")).unwrap();
    // Upstream's document is of all groups, also those that are off by default.
    for map in ["definitions", "paths", "parameters"] {
        let n_before = theirs[map].as_object().unwrap().len();
        theirs[map].as_object_mut().unwrap().retain(|name, _| {
            ours[map].get(name).is_some() || !(name.contains("alpha") || name.contains("beta") || off_by_default(name))
        });
        println!("{map}: {n_before} of theirs, {} of default groups", theirs[map].as_object().unwrap().len());
    }
    for (part, theirs) in theirs.as_object().unwrap() {
        let mut found = Differences::default();
        compare(part, &ours[part], theirs, &mut found);
        report(&format!("OpenAPI v2, {part}"), &found);
        assert!(found.others.is_empty());
        // Words about types are `k8s-openapi`'s, but for those that it does not describe.
        let own_words = |place: &String| ["List/", "WatchEvent/", "Patch/"].iter().any(|ty| place.contains(ty));
        let missing: Vec<_> = found.descriptions.iter().filter(|place| !own_words(place)).collect();
        assert!(part != "definitions" || missing.is_empty(), "{missing:?}");
    }
    assert_eq!(v2_hash(&served, "unversioned").len(), 128);
}

fn off_by_default(name: &str) -> bool {
    // `GroupResource` is of the storage version migration.
    let of_groups = ["/logs/", "/apis/internal.apiserver.k8s.io/", "/apis/storagemigration.k8s.io/", "logpath"];
    of_groups.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with("meta.v1.GroupResource")
}

#[test]
fn enumerations_are_listed() {
    let served = Registry::builtin().snapshot();
    let core: Value = serde_json::from_slice(&v3(&served, "api/v1").unwrap()).unwrap();
    let types = &core["components"]["schemas"];
    let policy = &types["io.k8s.api.core.v1.Container"]["properties"]["imagePullPolicy"];
    assert_eq!(policy["enum"], serde_json::json!(["Always", "IfNotPresent", "Never"]));
    let list = "\n\nPossible enum values:\n - `\"Always\"`\n - `\"IfNotPresent\"`\n - `\"Never\"`";
    assert!(policy["description"].as_str().unwrap().ends_with(list));
    let modes = &types["io.k8s.api.core.v1.PersistentVolumeClaimSpec"]["properties"]["accessModes"];
    assert_eq!(modes["items"]["enum"][0], "ReadOnlyMany");
    assert!(modes["enum"].is_null());
}
