"""Whatever one object says of another holds; what is made by hand is in the guide."""

import re

# Made with `kubectl create secret`, before anything is applied.
BY_HAND = {"deepfake-metadata": {"username", "password", "root-password"}}


def test_secrets_are_those_of_the_guide(cluster, folder):
    asked = {
        (reference["name"], reference["key"])
        for pod in cluster.pods()
        for container in pod.containers
        for variable in container.get("env", [])
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert asked == {(name, key) for name, keys in BY_HAND.items() for key in keys}
    guide = (folder / "README.md").read_text()
    for name, keys in BY_HAND.items():
        [command] = re.findall(rf"create secret generic {name} [^`]*?\n\n|$", guide)[:1]
        for key in keys:
            assert f"--from-literal={key}=" in command or f"--from-file={key}=" in command


def test_volumes_and_their_mounts_exist(cluster):
    claims, maps = cluster.names("PersistentVolumeClaim"), cluster.names("ConfigMap")
    for pod in cluster.pods():
        volumes = {volume["name"] for volume in pod.spec["volumes"]}
        if pod.owner.startswith("StatefulSet/"):
            owner = cluster.named(*pod.owner.split("/"))
            volumes |= {c["metadata"]["name"] for c in owner["spec"]["volumeClaimTemplates"]}
        mounted = {m["name"] for c in pod.containers for m in c["volumeMounts"]}
        assert mounted == volumes, pod.owner
        for volume in pod.spec["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps


def test_files_that_commands_name_are_in_the_mounted_configuration(cluster):
    for pod in cluster.pods():
        files = _configured_files(cluster, pod)
        for container in pod.containers:
            words = " ".join([*container.get("command", []), *container.get("args", [])])
            for path in re.findall(r"/(?:configuration|scripts)/[\w.]+", words):
                assert path in files, f"{pod.owner} names {path}"


def _configured_files(cluster, pod):
    maps = {v["name"]: v["configMap"]["name"] for v in pod.spec["volumes"] if "configMap" in v}
    return {
        f"{mount['mountPath']}/{file}"
        for container in pod.containers
        for mount in container["volumeMounts"]
        if mount["name"] in maps
        for file in cluster.named("ConfigMap", maps[mount["name"]])["data"]
    }


def test_every_account_of_a_pod_exists_and_every_account_is_in_use(cluster):
    used = {
        pod.spec["serviceAccountName"]
        for pod in cluster.pods()
        if pod.owner != "Pod/deepfake-shell"
    }
    assert used | {"deepfake-pipeline"} == cluster.names("ServiceAccount")


def test_the_role_is_bound_to_the_steps_account_in_its_namespace(cluster):
    [binding] = cluster.of_kind("RoleBinding")
    assert binding["roleRef"]["name"] in cluster.names("Role")
    [subject] = binding["subjects"]
    account = cluster.named("ServiceAccount", "deepfake-pipeline")["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


def test_selectors_of_servers_select_their_own_pods_and_no_others(cluster):
    for kind in ("Deployment", "StatefulSet"):
        for owner in cluster.of_kind(kind):
            selector = owner["spec"]["selector"]["matchLabels"]
            assert _selected(cluster, selector) == [f"{kind}/{owner['metadata']['name']}"]


def test_services_lead_to_ports_that_a_pod_has(cluster):
    for service in cluster.of_kind("Service"):
        [owner] = _selected(cluster, service["spec"]["selector"])
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in _ports(cluster.pod(owner)), service["metadata"]["name"]


def test_probes_ask_ports_that_their_container_has(cluster):
    for pod in cluster.pods():
        for container in pod.spec["containers"]:
            probes = [value for key, value in container.items() if key.endswith("Probe")]
            asked = {p[how]["port"] for p in probes for how in ("httpGet", "tcpSocket") if how in p}
            assert asked <= set(_ports(pod)), pod.owner


def test_network_rules_open_ports_that_their_pods_have(cluster):
    for policy in cluster.of_kind("NetworkPolicy"):
        selector = policy["spec"]["podSelector"].get("matchLabels", {})
        for rule in policy["spec"].get("ingress", []):
            [owner] = _selected(cluster, selector)
            numbers = set(_ports(cluster.pod(owner)).values())
            assert {port["port"] for port in rule["ports"]} <= numbers


def test_scaling_and_disruption_concern_the_model_server(cluster):
    for scaler in cluster.of_kind("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        scaled = cluster.named(target["kind"], target["name"])
        assert target["apiVersion"] == scaled["apiVersion"]
        assert "replicas" not in scaled["spec"], "applying again would undo the scaling"
        assert scaler["spec"]["minReplicas"] >= 2
        # A utilization is a share of the request.
        assert cluster.pod(f"{target['kind']}/{target['name']}").spec["containers"][0]["resources"][
            "requests"
        ]["cpu"]
    for budget in cluster.of_kind("PodDisruptionBudget"):
        assert _selected(cluster, budget["spec"]["selector"]["matchLabels"])


def test_monitors_find_a_named_port_of_a_service(cluster):
    for monitor in cluster.of_kind("ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        [service] = [
            s for s in cluster.of_kind("Service") if wanted <= s["metadata"]["labels"].items()
        ]
        names = {port["name"] for port in service["spec"]["ports"]}
        assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= names


def _selected(cluster, labels):
    return [pod.owner for pod in cluster.pods() if labels.items() <= pod.labels.items()]


def _ports(pod):
    return {
        port["name"]: port["containerPort"]
        for container in pod.spec["containers"]
        for port in container.get("ports", [])
    }
