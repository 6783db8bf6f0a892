//! Rules that no recording shows.

#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::field::Error;
use k8s_api_kinds::Strategy;
use k8s_api_kinds_pods::{CronJob, Deployment, Job, Pod, pod};
use k8s_openapi::api::core::v1::Pod as Object;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A pod as it is stored once it has been created with this spec on a node.
fn running(spec: Value) -> Object {
    let mut pod = new(&json!({"metadata": {"name": "p", "labels": {"app": "x"}}, "spec": spec}));
    Pod.prepare_for_create(&mut pod);
    assert_eq!(lines(&Pod.validate_create(&pod)), Vec::<String>::new());
    let spec = pod.spec.as_mut().unwrap();
    spec.node_name = Some("n".into());
    pod
}

fn new(body: &Value) -> Object {
    let mut pod = decode(body);
    Pod.default(&mut pod);
    pod
}

fn decode<T: DeserializeOwned>(body: &Value) -> T {
    serde_json::from_value(body.clone()).unwrap()
}

fn one_container() -> Value {
    json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]})
}

fn lines(errors: &[Error]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// The errors of a change made through a subresource, after what it may not change has been put back.
fn through(subresource: &str, old: &Object, change: impl FnOnce(&mut Object)) -> (Object, Vec<String>) {
    let mut changed = old.clone();
    change(&mut changed);
    Pod.default(&mut changed);
    Pod.prepare_for_subresource_update(subresource, &mut changed, old);
    let errors = Pod.validate_subresource_update(subresource, &changed, old);
    (changed, lines(&errors))
}

#[test]
fn a_pod_that_runs_gets_its_grace_period_and_others_none() {
    let mut pod = running(one_container());
    assert_eq!(pod::grace_period(&pod, None), 30);
    assert_eq!(pod::grace_period(&pod, Some(5)), 5);
    assert_eq!(pod::grace_period(&pod, Some(-1)), 1);
    pod.status.get_or_insert_default().phase = Some("Succeeded".into());
    assert_eq!(pod::grace_period(&pod, Some(5)), 0, "it has finished");
    let mut pending = running(one_container());
    pending.spec.as_mut().unwrap().node_name = None;
    assert_eq!(pod::grace_period(&pending, None), 0, "it is on no node");
}

#[test]
fn the_class_of_service_follows_from_requests_and_limits() {
    let class = |resources: Value| {
        let pod = new(&json!({"spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}}));
        pod::qos_class(pod.spec.as_ref().unwrap())
    };
    assert_eq!(class(json!({})), "BestEffort");
    assert_eq!(class(json!({"requests": {"cpu": "1"}})), "Burstable");
    assert_eq!(class(json!({"limits": {"cpu": "1", "memory": "1Gi"}})), "Guaranteed");
    assert_eq!(class(json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}})), "Burstable");
}

#[test]
fn ephemeral_containers_are_added_and_never_changed() {
    let old = running(one_container());
    let ephemeral = |image: &str| decode(&json!([{"name": "e", "image": image, "targetContainerName": "c"}]));
    let (added, errors) = through("ephemeralcontainers", &old, |pod| {
        pod.metadata.labels = None;
        let spec = pod.spec.as_mut().unwrap();
        spec.ephemeral_containers = ephemeral("i");
        spec.containers[0].image = Some("other".into());
    });
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(added.metadata.labels, old.metadata.labels, "only ephemeral containers change");
    assert_eq!(added.spec.as_ref().unwrap().containers, old.spec.as_ref().unwrap().containers);
    assert_eq!(added.metadata.generation, Some(2));

    let change = |pod: &mut Object| pod.spec.as_mut().unwrap().ephemeral_containers = ephemeral("j");
    let (_, errors) = through("ephemeralcontainers", &added, change);
    let diff = "@@ -1,6 +1,6 @@\n {\n  \"Name\": \"e\",\n- \"Image\": \"i\",\n+ \"Image\": \"j\",\n  \"Command\": null,\n  \"Args\": null,\n  \"WorkingDir\": \"\",\n";
    let expected =
        format!("spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" may not be changed\n{diff}");
    assert_eq!(errors, [expected]);

    let (_, errors) =
        through("ephemeralcontainers", &added, |pod| pod.spec.as_mut().unwrap().ephemeral_containers = None);
    let expected = "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" may not be removed\n";
    assert_eq!(errors, [expected]);
}

#[test]
fn a_resize_changes_amounts_and_keeps_the_class() {
    let old = running(one_container());
    let request = |amount: &'static str| {
        move |pod: &mut Object| {
            let container = &mut pod.spec.as_mut().unwrap().containers[0];
            container.resources = decode(&json!({"requests": {"cpu": amount}}));
            container.image = Some("other".into());
        }
    };
    let (resized, errors) = through("resize", &old, request("2"));
    assert_eq!(errors, Vec::<String>::new());
    let container = &resized.spec.as_ref().unwrap().containers[0];
    assert_eq!(container.image.as_deref(), Some("i"), "only resources change");
    assert_eq!(resized.metadata.generation, Some(2));

    let (_, errors) = through("resize", &old, |pod| {
        pod.spec.as_mut().unwrap().containers[0].resources = decode(&json!({"requests": {"memory": "1Gi"}}));
    });
    let refused = [
        "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        "spec: Forbidden: only cpu and memory resources are mutable",
    ];
    assert_eq!(errors[0], refused[0]);
    let (_, errors) = through("resize", &old, |pod| {
        pod.spec.as_mut().unwrap().containers[0].resources =
            decode(&json!({"requests": {"cpu": "1", "a.b/c": "1"}, "limits": {"a.b/c": "1"}}));
    });
    assert_eq!(errors, [refused[1]]);
}

#[test]
fn a_status_says_nothing_about_the_spec() {
    let old = running(one_container());
    let (updated, errors) = through("status", &old, |pod| {
        pod.spec.as_mut().unwrap().node_name = Some("other".into());
        pod.status = decode(&json!({
            "phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "hostIP": "10.1.0.1", "hostIPs": [{"ip": "10.1.0.1"}],
        }));
    });
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(updated.spec, old.spec);
    let status = updated.status.unwrap();
    assert_eq!(status.qos_class.as_deref(), Some("Burstable"), "a status without a class keeps it");
    assert_eq!(status.pod_ip.as_deref(), Some("10.0.0.1"));
    assert_eq!(updated.metadata.generation, Some(1));

    let (_, errors) = through("status", &old, |pod| {
        pod.status = decode(&json!({"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "qosClass": "BestEffort"}));
    });
    let expected = [
        "status.qosClass: Invalid value: \"BestEffort\": field is immutable",
        "status.podIPs: Invalid value: [{\"IP\":\"10.0.0.1\"},{\"IP\":\"10.0.0.2\"}]: may specify no more than one IP \
         for each IP family",
    ];
    assert_eq!(errors, expected);
}

#[test]
fn an_ended_container_stays_ended_unless_it_is_restarted() {
    let refused = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state";
    for (policy, code, expected) in
        [("Never", 1, vec![refused]), ("OnFailure", 1, vec![]), ("OnFailure", 0, vec![refused])]
    {
        let mut spec = one_container();
        spec["restartPolicy"] = policy.into();
        let mut old = running(spec);
        let statuses = |state: Value| {
            decode(
                &json!([{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state}]),
            )
        };
        let status = old.status.get_or_insert_default();
        status.container_statuses = statuses(json!({"terminated": {"exitCode": code}}));
        let (_, errors) = through("status", &old, |pod| {
            pod.status.as_mut().unwrap().container_statuses = statuses(json!({"running": {}}));
        });
        assert_eq!(errors, expected, "{policy} {code}");
    }
}

#[test]
fn selectors_see_the_fields_of_a_pod() {
    let labels = Pod.field_labels(&running(one_container()));
    let get = |name: &str| labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str());
    assert_eq!(get("spec.nodeName"), Some("n"));
    assert_eq!(get("status.phase"), Some("Pending"));
    assert_eq!(get("spec.hostNetwork"), Some("false"));
    let names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, Pod.facts().field_labels);
}

#[test]
fn a_gated_pod_may_be_steered_and_no_other() {
    let mut spec = one_container();
    spec["schedulingGates"] = json!([{"name": "a.b/c"}]);
    let mut gated = running(spec);
    gated.spec.as_mut().unwrap().node_name = None;
    let mut steered = gated.clone();
    steered.spec.as_mut().unwrap().node_selector = decode(&json!({"disk": "ssd"}));
    Pod.prepare_for_update(&mut steered, &gated);
    assert_eq!(lines(&Pod.validate_update(&steered, &gated)), Vec::<String>::new());

    let mut back = gated.clone();
    back.spec.as_mut().unwrap().node_selector = decode(&json!({"disk": "hdd"}));
    let expected = "spec.nodeSelector: Invalid value: {\"disk\":\"hdd\"}: only additions to spec.nodeSelector are \
                    allowed (no mutations or deletions)";
    assert_eq!(lines(&Pod.validate_update(&back, &steered)), [expected]);
}

#[test]
fn an_explicit_empty_selector_is_not_a_missing_one() {
    let mut deployment = decode(&json!({
        "spec": {
            "selector": {"matchLabels": {}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": one_container()},
        },
    }));
    Deployment.default(&mut deployment);
    let expected = "spec.selector: Invalid value: {}: empty selector is invalid for deployment";
    assert_eq!(lines(&Deployment.validate_create(&deployment)), [expected]);
}

#[test]
fn the_status_of_a_job_keeps_its_word() {
    let mut spec = one_container();
    spec["restartPolicy"] = "Never".into();
    let mut old = decode(&json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {"spec": spec}}}));
    Job.default(&mut old);
    Job.prepare_for_create(&mut old);
    assert_eq!(lines(&Job.validate_create(&old)), Vec::<String>::new());
    let mut new = old.clone();
    new.status = decode(&json!({
        "active": 1, "ready": 2,
        "conditions": [{"type": "Complete", "status": "True"}, {"type": "SuccessCriteriaMet", "status": "True"}],
    }));
    let expected = [
        "status.completionTime: Required value: completionTime is required for Complete jobs",
        "status.active: Invalid value: 1: active>0 is invalid for finished job",
        "status.startTime: Required value: startTime is required for finished job",
        "status.ready: Invalid value: 2: cannot set more ready pods than active",
    ];
    assert_eq!(lines(&Job.validate_subresource_update("status", &new, &old)), expected);
}

#[test]
fn overlapping_files_and_ports_are_worth_a_warning() {
    let pod = new(&json!({"metadata": {"name": "p"}, "spec": {
        "containers": [
            {"name": "a", "image": "i", "ports": [{"containerPort": 80, "name": "http"}]},
            {"name": "b", "image": "i", "ports": [{"containerPort": 80, "name": "http"}]},
        ],
        "volumes": [{"name": "v", "configMap": {"name": "m", "items": [
            {"key": "a", "path": "dir"}, {"key": "b", "path": "dir/file"},
        ]}}],
    }}));
    let expected = [
        "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"dir/file\" with \"dir\"",
        "spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]",
        "spec.containers[1].ports[0]: duplicate port name \"http\" with spec.containers[0].ports[0], services and probes \
         that select ports by name will use spec.containers[0].ports[0]",
    ];
    assert_eq!(Pod.warnings(&pod, None), expected);
}

#[test]
fn only_the_tag_latest_is_pulled_always() {
    let cases = [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/team/nginx", "Always"),
        ("registry:5000/team/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "IfNotPresent"),
        ("Nginx", "IfNotPresent"),
        ("Registry/nginx", "Always"),
        ("a__b.c--d", "Always"),
        ("a___b", "IfNotPresent"),
        ("", "IfNotPresent"),
    ];
    for (image, policy) in cases {
        let pod = new(&json!({"spec": {"containers": [{"name": "c", "image": image}]}}));
        assert_eq!(pod.spec.unwrap().containers[0].image_pull_policy.as_deref(), Some(policy), "{image:?}");
    }
}

#[test]
fn schedules_are_refused_in_the_words_of_their_parser() {
    let cases = [
        ("*/5 1-3 * jan,FEB 0-6", None),
        ("@every 1h30m", None),
        ("60 * * * *", Some("end of range (60) above maximum (59): 60")),
        ("* * 0 * *", Some("beginning of range (0) below minimum (1): 0")),
        ("5-1 * * * *", Some("beginning of range (5) beyond end of range (1): 5-1")),
        ("*/0 * * * *", Some("step of range should be a positive number: */0")),
        ("a * * * *", Some("failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax")),
        ("@often", Some("unrecognized descriptor: @often")),
        ("@every 1x", Some("failed to parse duration @every 1x: time: unknown unit \"x\" in duration \"1x\"")),
    ];
    for (schedule, expected) in cases {
        let mut cron_job = decode(&json!({"metadata": {"name": "c"}, "spec": {"schedule": schedule}}));
        CronJob.default(&mut cron_job);
        let errors = lines(&CronJob.validate_create(&cron_job));
        let found = errors.iter().find_map(|line| line.strip_prefix("spec.schedule: "));
        let expected = expected.map(|detail| format!("Invalid value: {schedule:?}: {detail}"));
        assert_eq!(found, expected.as_deref(), "{schedule}");
    }
}

#[test]
fn conditions_are_written_with_the_probe_that_never_was() {
    let mut pod = running(one_container());
    let conditions = json!([
        {"type": "Ready", "status": "True", "message": "\"status\":{\"conditions\":[]"},
        {"type": "Initialized", "status": "True"},
    ]);
    pod.status.get_or_insert_default().conditions = decode(&conditions);
    let mut expected = serde_json::to_value(&pod).unwrap();
    for condition in expected["status"]["conditions"].as_array_mut().unwrap() {
        condition["lastProbeTime"] = Value::Null;
    }
    assert_eq!(serde_json::from_slice::<Value>(&Pod.encode(&pod).unwrap()).unwrap(), expected);
}
