"""The rendered manifests, as the tests of this folder read them."""

import dataclasses
import functools
import pathlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from pipeline.runners.kubeflow import container_steps

ROOT = pathlib.Path(__file__).parents[3]
FOLDER = ROOT / "kubeflow"
OVERLAYS = ("base", "overlays/dev", "overlays/gpu")
TOOLS = ("tools/shell", "tools/restore")

Object = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Pod:
    """A pod, or the template of one."""

    owner: str
    labels: Mapping[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """Those that run on, and those that run before them."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Everything that one overlay and the tools put into a cluster."""

    overlay: str
    objects: tuple[Object, ...]

    def of_kind(self, kind: str) -> list[Object]:
        """The objects of that kind."""
        return [item for item in self.objects if item["kind"] == kind]

    def named(self, kind: str, name: str) -> Object:
        """The one object of that kind and name."""
        [found] = [item for item in self.of_kind(kind) if item["metadata"]["name"] == name]
        return found

    def names(self, kind: str) -> set[str]:
        """Names of the objects of that kind."""
        return {item["metadata"]["name"] for item in self.of_kind(kind)}

    def pods(self) -> list[Pod]:
        """Every pod that the objects are, or make."""
        return [pod for item in self.objects for pod in _pods(item)]

    def pod(self, owner: str) -> Pod:
        """The pod of one owner, such as `Deployment/deepfake-serving`."""
        [found] = [pod for pod in self.pods() if pod.owner == owner]
        return found


def _pods(item: Object) -> Iterator[Pod]:
    spec = item.get("spec", {})
    if item["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = item if item["kind"] == "Pod" else spec.get("template")
    if template is not None:
        owner = f"{item['kind']}/{item['metadata']['name']}"
        yield Pod(owner, template["metadata"].get("labels", {}), template["spec"])


@functools.cache
def _rendered(folder: str) -> tuple[Object, ...]:
    if shutil.which("kustomize"):
        command = ["kustomize", "build", folder]
    elif shutil.which("kubectl"):
        command = ["kubectl", "kustomize", folder]
    else:
        pytest.skip("neither kustomize nor kubectl is installed: the manifests cannot be rendered")
    done = subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return tuple(item for item in yaml.safe_load_all(done.stdout) if item)


@pytest.fixture(scope="session")
def folder() -> pathlib.Path:
    """The folder of the manifests."""
    return FOLDER


@pytest.fixture(scope="session")
def step_labels() -> Mapping[str, str]:
    """What the compiler puts on every step's pod."""
    return container_steps.LABELS


@pytest.fixture(scope="session", params=OVERLAYS)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """One overlay at a time, with the tools beside it."""
    tools = [item for folder in TOOLS for item in _rendered(folder)]
    return Cluster(request.param, (*_rendered(request.param), *tools))
