"""Least privilege: what no schema asks for, and every manifest here must keep."""

import re
from typing import Any

import pytest

SECRET_NAME = re.compile(r"PASS|PWD|SECRET|TOKEN|CREDENTIAL|KEY$", re.IGNORECASE)
WITH_API_ACCESS = {"deepfake-pipeline"}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector matches; only the operators in use are known."""
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


def test_every_container_states_what_memory_and_processor_it_needs(cluster):
    for pod in cluster.pods():
        for container in pod.containers:
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), pod.owner
            assert "memory" in resources["limits"], pod.owner


def test_every_pod_keeps_the_restricted_pod_security_standard(cluster):
    for pod in cluster.pods():
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True, pod.owner
        assert context["runAsUser"] > 0, pod.owner
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, pod.owner
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec), pod.owner
        kinds = {kind for volume in pod.spec["volumes"] for kind in set(volume) - {"name"}}
        assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim"}, pod.owner
        for container in pod.containers:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, pod.owner
            assert own["capabilities"] == {"drop": ["ALL"]}, pod.owner
            assert own["readOnlyRootFilesystem"] is True, pod.owner
            assert not {"privileged", "runAsUser"} & set(own), pod.owner


def test_scratch_space_has_a_limit_or_holds_sockets(cluster):
    for pod in cluster.pods():
        for volume in pod.spec["volumes"]:
            if "emptyDir" in volume and volume["name"] != "socket":
                assert "sizeLimit" in volume["emptyDir"], f"{pod.owner} {volume['name']}"


def test_servers_have_all_three_probes(cluster):
    servers = [
        container
        for pod in cluster.pods()
        if pod.owner.split("/")[0] in ("Deployment", "StatefulSet")
        for container in pod.spec["containers"]
    ]
    assert len(servers) == 2
    for container in servers:
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_no_secret_is_in_a_manifest(cluster):
    assert not cluster.of_kind("Secret")
    for pod in cluster.pods():
        for container in pod.containers:
            for variable in container.get("env", []):
                if SECRET_NAME.search(variable["name"]):
                    assert "secretKeyRef" in variable.get("valueFrom", {}), variable["name"]
    for item in cluster.of_kind("ConfigMap"):
        for name, text in item["data"].items():
            assert not re.search(r"(?i)^\s*(password|passwd)\s*=", text, re.MULTILINE), name


def test_only_the_steps_get_a_token_of_the_kubernetes_api(cluster):
    for account in cluster.of_kind("ServiceAccount"):
        closed = account.get("automountServiceAccountToken") is False
        assert closed != (account["metadata"]["name"] in WITH_API_ACCESS)
    for pod in cluster.pods():
        assert pod.spec["automountServiceAccountToken"] is False, pod.owner


def test_the_steps_may_do_only_what_argo_and_kfp_need(cluster):
    [role] = cluster.of_kind("Role")
    assert not cluster.of_kind("ClusterRole")
    allowed = {
        (resource, verb, tuple(rule.get("resourceNames", ())))
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {line for line in allowed if line[1] not in ("get", "list", "watch")} == {
        ("workflowtaskresults", "create", ()),
        ("workflowtaskresults", "patch", ()),
        ("workflowtasksets/status", "patch", ()),
    }
    assert {line for line in allowed if line[0] in ("secrets", "configmaps")} == {
        ("secrets", "get", ("mlpipeline-minio-artifact",)),
        ("configmaps", "get", ("kfp-launcher",)),
    }
    assert not {resource for resource, _, _ in allowed if "*" in resource}


def test_everything_is_closed_by_default(cluster, step_labels):
    policy = cluster.named("NetworkPolicy", "deepfake-default-deny")["spec"]
    assert set(policy) == {"podSelector", "policyTypes"}, "a rule would open what must be closed"
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    for labels in [step_labels, *(pod.labels for pod in cluster.pods())]:
        assert selects(policy["podSelector"], labels)


def test_kubeflows_own_pods_are_left_alone(cluster):
    """In single-user mode they live in the same namespace."""
    for policy in cluster.of_kind("NetworkPolicy"):
        assert not selects(policy["spec"]["podSelector"], {"app": "ml-pipeline"})


@pytest.mark.parametrize(
    ("server", "port", "clients"),
    [
        ("deepfake-mariadb", 3306, {"step", "CronJob/deepfake-metadata-backup",
            "Job/deepfake-metadata-restore", "Pod/deepfake-shell"}),
        ("deepfake-serving", 8501, {"Pod/deepfake-shell"}),
    ],
)  # fmt: skip
def test_a_server_answers_its_clients_only(cluster, step_labels, server, port, clients):
    labels = {pod.owner: pod.labels for pod in cluster.pods()} | {"step": step_labels}
    target = {"app.kubernetes.io/name": server}
    let_in = {
        owner
        for policy in cluster.of_kind("NetworkPolicy")
        if selects(policy["spec"]["podSelector"], target)
        for rule in policy["spec"].get("ingress", [])
        if port in {entry["port"] for entry in rule["ports"]}
        for source in rule["from"]
        for owner, own in labels.items()
        if "podSelector" in source and selects(source["podSelector"], own)
    }
    assert let_in == clients


def test_whoever_may_ask_the_database_may_also_reach_it(cluster, step_labels):
    """A connection needs a rule at both of its ends."""
    rules = [
        (policy["spec"]["podSelector"], target["podSelector"])
        for policy in cluster.of_kind("NetworkPolicy")
        for rule in policy["spec"].get("egress", [])
        if {"protocol": "TCP", "port": 3306} in rule["ports"]
        for target in rule["to"]
    ]
    [(sources, target)] = rules
    assert selects(target, cluster.pod("StatefulSet/deepfake-mariadb").labels)
    for owner in ("CronJob/deepfake-metadata-backup", "Job/deepfake-metadata-restore"):
        assert selects(sources, cluster.pod(owner).labels)
    assert selects(sources, step_labels)
    assert not selects(sources, cluster.pod("Deployment/deepfake-serving").labels)


def test_the_served_model_cannot_be_changed_by_its_server(cluster):
    for container in cluster.pod("Deployment/deepfake-serving").containers:
        [mount] = [m for m in container["volumeMounts"] if m["name"] == "artifacts"]
        assert mount["readOnly"] is True
        # Kubernetes makes a missing subPath as root, and the steps could not write there.
        assert "subPath" not in mount
