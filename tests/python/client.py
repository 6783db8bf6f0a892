"""What programs do with the official Python client, against a cluster of ours.

python client.py KUBECONFIG

Prints what it did, topic by topic, and fails at the first thing that is not as upstream's server has it.
"""

import sys
import threading

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.utils import create_from_dict

NAMESPACE = "python"


def main():
    config.load_kube_config(sys.argv[1])
    core = client.CoreV1Api()
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    for topic in (versions, verbs, failures, patches, paging, watching, logs, scaling, dynamic, deleting):
        topic(core)
        print("ok", topic.__name__)


def versions(core):
    version = client.VersionApi().get_code()
    assert (version.major, version.minor) == ("1", "36"), version
    groups = {group.name for group in client.ApisApi().get_api_versions().groups}
    assert {"apps", "batch", "coordination.k8s.io"} <= groups, groups


def verbs(core):
    made = core.create_namespaced_config_map(NAMESPACE, config_map("verbs", {"a": "1"}))
    assert made.metadata.uid and made.metadata.resource_version
    read = core.read_namespaced_config_map("verbs", NAMESPACE)
    assert read.data == {"a": "1"}
    read.data["b"] = "2"
    replaced = core.replace_namespaced_config_map("verbs", NAMESPACE, read)
    assert replaced.metadata.resource_version != made.metadata.resource_version
    names = [item.metadata.name for item in core.list_namespaced_config_map(NAMESPACE).items]
    assert "verbs" in names, names
    dry = core.create_namespaced_config_map(NAMESPACE, config_map("dry", {}), dry_run="All")
    assert dry.metadata.uid
    refused(404, "NotFound", lambda: core.read_namespaced_config_map("dry", NAMESPACE))


def failures(core):
    stale = core.read_namespaced_config_map("verbs", NAMESPACE)
    core.replace_namespaced_config_map("verbs", NAMESPACE, stale)
    stale.data = {"late": "yes"}
    core.patch_namespaced_config_map("verbs", NAMESPACE, {"data": {"c": "3"}})
    refused(409, "Conflict", lambda: core.replace_namespaced_config_map("verbs", NAMESPACE, stale))
    refused(409, "AlreadyExists", lambda: core.create_namespaced_config_map(NAMESPACE, config_map("verbs", {})))
    refused(422, "Invalid", lambda: core.create_namespaced_config_map(NAMESPACE, config_map("Not A Name", {})))


def patches(core):
    name, api = "patched", client.AppsV1Api()
    api.create_namespaced_deployment(NAMESPACE, deployment(name, 1))
    # Strategic: containers are merged by name.
    containers = [{"name": "sidecar", "image": "registry.example/sidecar:1"}]
    strategic = api.patch_namespaced_deployment(
        name, NAMESPACE, {"spec": {"template": {"spec": {"containers": containers}}}},
        _content_type="application/strategic-merge-patch+json")
    assert sorted(c.name for c in strategic.spec.template.spec.containers) == ["main", "sidecar"], strategic
    # Merge: a list is replaced, null removes.
    merged = api.patch_namespaced_deployment(
        name, NAMESPACE, {"metadata": {"labels": {"app": None, "tier": "back"}}},
        _content_type="application/merge-patch+json")
    assert merged.metadata.labels == {"tier": "back"}, merged.metadata.labels
    jsoned = api.patch_namespaced_deployment(
        name, NAMESPACE, [{"op": "replace", "path": "/spec/replicas", "value": 2}],
        _content_type="application/json-patch+json")
    assert jsoned.spec.replicas == 2, jsoned.spec.replicas
    api.delete_namespaced_deployment(name, NAMESPACE, propagation_policy="Foreground")


def paging(core):
    for i in range(5):
        core.create_namespaced_config_map(NAMESPACE, config_map(f"page-{i}", {}, {"paged": "yes"}))
    first = core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes", limit=2)
    assert len(first.items) == 2 and first.metadata.remaining_item_count is None, first.metadata
    names, token = [item.metadata.name for item in first.items], first.metadata._continue
    while token:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes", limit=2, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
    assert names == [f"page-{i}" for i in range(5)], names


def watching(core):
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version

    def change():
        core.create_namespaced_config_map(NAMESPACE, config_map("watched", {"v": "1"}))
        core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"v": "2"}})
        core.delete_namespaced_config_map("watched", NAMESPACE)

    writer = threading.Thread(target=change)
    writer.start()
    seen, stream = [], watch.Watch()
    for event in stream.stream(core.list_namespaced_config_map, NAMESPACE, resource_version=start, timeout_seconds=20):
        if event["object"].metadata.name == "watched":
            seen.append((event["type"], event["object"].data["v"]))
        if event["type"] == "DELETED":
            stream.stop()
    writer.join()
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")], seen


def logs(core):
    container = {"name": "main", "image": "busybox", "command": ["sh", "-c", "echo hello; sleep 3600"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talks"}, "spec": {"containers": [container]}}
    create_from_dict(client.ApiClient(), pod, namespace=NAMESPACE)
    stream = watch.Watch()
    by_name = "metadata.name=talks"
    for event in stream.stream(core.list_namespaced_pod, NAMESPACE, field_selector=by_name, timeout_seconds=30):
        if event["object"].status.phase == "Running":
            stream.stop()
    assert core.read_namespaced_pod_log("talks", NAMESPACE) == "hello\n"
    followed = watch.Watch()
    for line in followed.stream(core.read_namespaced_pod_log, "talks", NAMESPACE):
        assert line == "hello", line
        followed.stop()


def scaling(core):
    api = client.AppsV1Api()
    api.create_namespaced_deployment(NAMESPACE, deployment("scaled", 1))
    api.patch_namespaced_deployment_scale("scaled", NAMESPACE, {"spec": {"replicas": 3}})
    stream = watch.Watch()
    for event in stream.stream(api.list_namespaced_deployment, NAMESPACE, timeout_seconds=30):
        status = event["object"].status
        if event["object"].metadata.name == "scaled" and status.available_replicas == 3:
            stream.stop()
    scale = api.read_namespaced_deployment_scale("scaled", NAMESPACE)
    assert (scale.spec.replicas, scale.status.replicas) == (3, 3), scale


def dynamic(core):
    api = DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    made = api.create(namespace=NAMESPACE, body={"metadata": {"name": "dynamic"}, "data": {"k": "v"}})
    assert made.data.k == "v" and made.kind == "ConfigMap"
    assert api.get(namespace=NAMESPACE, name="dynamic").metadata.uid == made.metadata.uid


def deleting(core):
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="paged=yes")
    assert not core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes").items
    core.delete_namespace(NAMESPACE)
    stream = watch.Watch()
    for event in stream.stream(core.list_namespace, field_selector=f"metadata.name={NAMESPACE}", timeout_seconds=60):
        if event["type"] == "DELETED":
            stream.stop()
    refused(404, "NotFound", lambda: core.read_namespace(NAMESPACE))


def refused(code, reason, request):
    try:
        request()
    except ApiException as refusal:
        assert refusal.status == code, refusal
        assert f'"reason":"{reason}"' in refusal.body, refusal.body
    else:
        raise AssertionError(f"expected {code} {reason}")


def config_map(name, data, labels=None):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data)


def deployment(name, replicas):
    labels = {"app": name}
    container = client.V1Container(name="main", image="registry.example/main:1")
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[container]))
    spec = client.V1DeploymentSpec(
        replicas=replicas, selector=client.V1LabelSelector(match_labels=labels), template=template)
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name, labels=labels), spec=spec)


if __name__ == "__main__":
    main()
