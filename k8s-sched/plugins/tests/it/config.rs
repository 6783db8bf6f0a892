use std::path::PathBuf;

use k8s_sched::config::SchedulerConfiguration;
use k8s_sched_plugins::{default_profile, registry};
use serde_json::json;

fn plugins(configuration: serde_json::Value) -> Vec<String> {
    let configuration: SchedulerConfiguration = serde_json::from_value(configuration).unwrap();
    let profiles = registry().profiles(&configuration).unwrap();
    profiles[0].plugins().iter().map(|plugin| format!("{}×{}", plugin.name(), plugin.weight())).collect()
}

#[test]
fn the_defaults_can_be_changed() {
    let changed = plugins(json!({"profiles": [{
        "plugins": {
            "multiPoint": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit", "weight": 5}]},
            "score": {"enabled": [{"name": "TaintToleration"}]},
        },
    }]}));
    assert_eq!(changed, ["NodeResourcesFit×5", "TaintToleration×1"]);
}

#[test]
fn wrong_arguments_are_refused() {
    let wrong = json!({"scoringStrategy": {"type": "RequestedToCapacityRatio"}});
    let error = registry().plugin("NodeResourcesFit", wrong).unwrap_err();
    assert_eq!(error.to_string(), "plugin NodeResourcesFit: requestedToCapacityRatio needs at least one point");
    assert_eq!(
        registry().plugin("Nope", json!({})).unwrap_err().to_string(),
        "profile default-scheduler: unknown plugin Nope"
    );
}

#[test]
fn the_recorded_default_configuration_is_our_default() {
    let path = "../../../shared/golden/cluster/scheduler/default-config.yaml";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no recording at {}", path.display());
        return;
    };
    let configuration: SchedulerConfiguration = serde_saphyr::from_str(&text).unwrap();
    let recorded = registry().profiles(&configuration).unwrap().remove(0);
    let names = |profile: &k8s_sched::Profile| -> Vec<_> {
        profile.plugins().iter().map(|plugin| (plugin.name().to_owned(), plugin.weight())).collect()
    };
    assert_eq!(names(&recorded), names(&default_profile()));
    assert_eq!(recorded.left_out(), default_profile().left_out());
}
