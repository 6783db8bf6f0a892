use k8s_api::GroupVersionResource;
use k8s_api_tables::{columns, row};
use serde_json::{Value, json};

use crate::golden::{now, object};

fn cells(group: &'static str, resource: &'static str, body: Value) -> Vec<Value> {
    let mut tree = json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "n"}});
    for (key, value) in body.as_object().unwrap() {
        tree[key] = value.clone();
    }
    row(&GroupVersionResource::new(group, "v1", resource), &object(&tree.to_string()), now()).cells
}

/// Cells between the name and the age, which nobody knows here.
fn check(group: &'static str, resource: &'static str, body: Value, want: Value) {
    let mut got = cells(group, resource, body);
    got.retain(|cell| cell != "n" && cell != "<unknown>");
    assert_eq!(Value::from(got), want, "{resource}.{group}");
}

#[test]
fn addresses() {
    let many = json!([{"addresses": [{"ip": "1.1.1.1"}, {"ip": "::2"}], "ports": [{"port": 80}, {"port": 81}]}]);
    check("", "endpoints", json!({"subsets": many}), json!(["1.1.1.1:80,[::2]:80,1.1.1.1:81 + 1 more..."]));
    check("", "endpoints", json!({}), json!(["<none>"]));
    check(
        "discovery.k8s.io",
        "endpointslices",
        json!({"addressType": "IPv4", "ports": [{"port": 80}, {"name": "x"}, {}], "endpoints": [{"addresses": ["a", "b"]}, {"addresses": ["c", "d"]}]}),
        json!(["IPv4", "80,x,*", "a,b,c + 1 more..."]),
    );
    check("discovery.k8s.io", "endpointslices", json!({"addressType": "IPv4"}), json!(["IPv4", "<unset>", "<unset>"]));
}

#[test]
fn services() {
    let balanced = json!({
        "spec": {"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "externalIPs": ["9.9.9.9"], "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "a.example"}]}}
    });
    check(
        "",
        "services",
        balanced,
        json!(["LoadBalancer", "10.0.0.1", "2.2.2.2,a.example,9.9.9.9", "80:30080/TCP", "<none>"]),
    );
    check(
        "",
        "services",
        json!({"spec": {"type": "LoadBalancer"}}),
        json!(["LoadBalancer", "<none>", "<pending>", "<none>", "<none>"]),
    );
}

#[test]
fn hosts() {
    let rules = |hosts: &[&str]| hosts.iter().map(|host| json!({"host": host})).collect::<Vec<_>>();
    for (hosts, want) in
        [(rules(&[]), "*"), (rules(&["a", "", "b"]), "a,b"), (rules(&["a", "b", "c", "d", "e"]), "a,b,c + 2 more...")]
    {
        check("networking.k8s.io", "ingresses", json!({"spec": {"rules": hosts}}), json!(["<none>", want, "", "80"]));
    }
}

#[test]
fn jobs() {
    let job =
        |spec: Value, status: Value| cells("batch", "jobs", json!({"spec": spec, "status": status}))[1..4].to_vec();
    assert_eq!(job(json!({"completions": 3}), json!({"succeeded": 1})), ["Running", "1/3", ""]);
    assert_eq!(job(json!({"parallelism": 2}), json!({})), ["Running", "0/1 of 2", ""]);
    assert_eq!(
        job(
            json!({}),
            json!({"startTime": "2023-12-31T23:00:00Z", "completionTime": "2023-12-31T23:05:00Z", "succeeded": 1,
            "conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]})
        ),
        ["Complete", "1/1", "5m"]
    );
}

#[test]
fn autoscalers() {
    let resource = |name: &str, percent: i32| json!({"type": "Resource", "resource": {"name": name, "target": {"averageUtilization": percent}}});
    let body = json!({
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 5,
            "metrics": [resource("cpu", 50), resource("memory", 70), {"type": "Pods", "pods": {"target": {"averageValue": "1k"}}}]},
        "status": {"currentReplicas": 2, "currentMetrics": [{"resource": {"current": {"averageUtilization": 20}}}]}
    });
    let got = cells("autoscaling", "horizontalpodautoscalers", body);
    assert_eq!(
        got[1..6],
        [
            json!("Deployment/d"),
            json!("cpu: 20%/50%, memory: <unknown>/70% + 1 more..."),
            json!("<unset>"),
            json!(5),
            json!(2)
        ]
    );
}

#[test]
fn a_cell_for_each_column_of_every_kind() {
    let snapshot = k8s_api::registry::Registry::builtin().snapshot();
    let mut n_kinds = 0;
    for info in snapshot.resources() {
        let gvr = &info.gvr;
        let body = json!({"apiVersion": gvr.api_version(), "kind": info.kind, "metadata": {"name": "n"}});
        let n_cells = row(gvr, &object(&body.to_string()), now()).cells.len();
        // Upstream prints the age of an address, for which it has no column.
        let n_extra = usize::from(gvr.resource == "ipaddresses");
        assert_eq!(n_cells, columns(gvr).len() + n_extra, "{gvr:?}");
        n_kinds += 1;
    }
    println!("{n_kinds} kinds");
}
