"""Every rendered object, against the schemas of Kubernetes and rules that these do not know."""

import copy
import importlib.resources
import json
import re
import shutil
import subprocess
import textwrap
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import referencing
import yaml

from pipeline import version

# The oldest release still maintained by a large provider, and the newest that the package knows.
OLDEST = "1.30"
CUSTOM = {"ServiceMonitor"}  # kinds of operators: no schema comes with Kubernetes

Object = dict[str, Any]


def problems(item: Object, release: str) -> list[str]:
    """All that the strict schema of `release` has against `item`, not only the first."""
    schemas = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"
    folder = schemas / f"v{release}.0-local-strict"
    api = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", item["apiVersion"])
    name = f"{item['kind'].lower()}-{api}.json"
    if not (folder / name).is_file():
        return [f"{item['apiVersion']} {item['kind']} is not in Kubernetes {release}"]
    contents = [json.loads((folder / file).read_text()) for file in (name, "_definitions.json")]
    resources = [referencing.Resource.from_contents(content) for content in contents]
    registry: referencing.Registry[Any] = resources @ referencing.Registry()
    validator = jsonschema.Draft202012Validator(contents[0], registry=registry)
    return [
        f"{item['kind']}/{item['metadata']['name']} at {error.json_path}: {error.message}"
        for error in validator.iter_errors(item)
    ]


@pytest.mark.parametrize("release", [OLDEST, kubernetes_validate.latest_version()])
def test_every_object_keeps_the_strict_schema(cluster, release):
    release = ".".join(release.split(".")[:2])
    standard = [item for item in cluster.objects if item["kind"] not in CUSTOM]
    assert not [line for item in standard for line in problems(item, release)]


def test_all_errors_of_an_object_are_found_at_once(cluster):
    """The guard of the test above: a misspelt key, a wrong type and a missing field."""
    broken = copy.deepcopy(cluster.named("Deployment", "deepfake-serving"))
    broken["spec"]["replica"] = 2
    broken["spec"]["minReadySeconds"] = "2"
    del broken["spec"]["selector"]
    found = "\n".join(problems(broken, OLDEST))
    assert "replica" in found
    assert "minReadySeconds" in found
    assert "selector" in found


def test_service_monitors_have_what_their_operator_requires(cluster):
    """Their schema is the operator's, so the fields in use are checked here."""
    for monitor in cluster.of_kind("ServiceMonitor"):
        assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
        assert set(monitor["spec"]) <= {"selector", "endpoints"}
        assert monitor["spec"]["selector"]["matchLabels"]
        for endpoint in monitor["spec"]["endpoints"]:
            assert set(endpoint) == {"port", "path", "interval"}
            assert endpoint["path"].startswith("/")
            assert re.fullmatch(r"\d+[smh]", endpoint["interval"])


def test_only_the_development_overlay_does_without_add_ons(cluster):
    add_ons = {"ServiceMonitor", "HorizontalPodAutoscaler"}
    present = add_ons & {item["kind"] for item in cluster.objects}
    assert present == (set() if cluster.overlay == "overlays/dev" else add_ons)


def test_the_development_overlay_fits_one_node(cluster):
    modes = cluster.named("PersistentVolumeClaim", "deepfake-artifacts")["spec"]["accessModes"]
    replicas = cluster.named("Deployment", "deepfake-serving")["spec"].get("replicas")
    if cluster.overlay == "overlays/dev":
        assert (modes, replicas) == (["ReadWriteOnce"], 1)
    else:
        assert (modes, replicas) == (["ReadWriteMany"], None)


def test_the_gpu_overlay_serves_on_gpus_and_nothing_else_asks_for_one(cluster):
    asking = {
        pod.owner
        for pod in cluster.pods()
        for container in pod.containers
        if "nvidia.com/gpu" in container["resources"]["limits"]
    }
    if cluster.overlay != "overlays/gpu":
        assert not asking
        return
    assert asking == {"Deployment/deepfake-serving"}
    spec = cluster.pod("Deployment/deepfake-serving").spec
    assert spec["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert [toleration["key"] for toleration in spec["tolerations"]] == ["nvidia.com/gpu"]
    assert spec["containers"][0]["image"].endswith("-gpu")


def test_images_are_pinned_and_name_no_registry(cluster):
    for pod in cluster.pods():
        for container in pod.containers:
            name, _, tag = container["image"].partition(":")
            assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-gpu)?", tag), container["image"]
            assert "." not in name.split("/")[0], f"{name} names a registry"


def test_the_shell_has_the_image_of_this_version(cluster):
    [container] = cluster.pod("Pod/deepfake-shell").containers
    assert container["image"] == f"deepfake-pipeline:{version.VERSION}"


def test_every_object_of_an_overlay_is_ours_by_name_and_label(cluster):
    for item in cluster.objects:
        metadata = item["metadata"]
        assert metadata["name"].startswith("deepfake-")
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "deepfake"
    for pod in cluster.pods():
        assert pod.labels["app.kubernetes.io/part-of"] == "deepfake", pod.owner


def test_every_folder_that_the_guide_applies_is_a_kustomization(folder):
    guide = (folder / "README.md").read_text()
    applied = set(re.findall(r"kubectl .*(?:-k|kustomize) kubeflow/([\w/]+)", guide))
    assert {"overlays/dev", "tools/shell", "tools/restore"} <= applied
    for name in applied:
        kustomization = yaml.safe_load((folder / name / "kustomization.yaml").read_text())
        assert kustomization["kind"] == "Kustomization"


def test_output_that_the_guide_shows_is_what_kubectl_prints(folder):
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    guide = (folder / "README.md").read_text()
    shown = re.findall(r"^( *)\$ (kubectl .+)\n((?:\1.+\n)+?)\1```", guide, re.MULTILINE)
    assert shown
    for indent, command, output in shown:
        done = subprocess.run(
            command, shell=True, cwd=folder.parent, capture_output=True, text=True, check=True
        )
        assert output == textwrap.indent(done.stdout, indent), command
