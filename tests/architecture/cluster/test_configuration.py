"""The manifests and the shipped configuration `kubeflow` speak of the same things."""

import pathlib

import pytest

from pipeline.config import load, sections
from pipeline.config.tree import PipelineConfig


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load.load("kubeflow")


def test_the_volume_is_claimed_and_mounted_where_the_steps_mount_it(cluster, config):
    assert config.kubeflow.volume in cluster.names("PersistentVolumeClaim")
    for pod in cluster.pods():
        [name] = [
            volume["name"]
            for volume in pod.spec["volumes"]
            if volume.get("persistentVolumeClaim", {}).get("claimName") == config.kubeflow.volume
        ] or [None]
        mounts = {
            mount["mountPath"]
            for container in pod.containers
            for mount in container["volumeMounts"]
            if mount["name"] == name
        }
        assert mounts <= {config.kubeflow.mount_path}, pod.owner


def test_everything_of_a_run_lies_on_the_volume(config):
    volume = pathlib.PurePosixPath(config.kubeflow.mount_path)
    for path in (config.output, config.data.manifest, config.push.base_directory or config.output):
        assert pathlib.PurePosixPath(path).is_relative_to(volume)


def test_the_steps_account_exists(cluster, config):
    assert config.kubeflow.service_account in cluster.names("ServiceAccount")


def test_a_step_takes_the_image_that_the_guide_builds(config):
    name, _, _ = str(config.kubeflow.step("Trainer").image).partition(":")
    assert name == "deepfake-pipeline"


def test_the_database_is_where_the_configuration_looks_for_it(cluster, config):
    service = cluster.named("Service", config.metadata.host)
    assert [port["port"] for port in service["spec"]["ports"]] == [config.metadata.port]
    server = _environment(cluster, "StatefulSet/deepfake-mariadb")
    assert server["MARIADB_DATABASE"]["value"] == config.metadata.database
    for owner in ("CronJob/deepfake-metadata-backup", "Job/deepfake-metadata-restore"):
        found = _environment(cluster, owner)
        assert found["METADATA_HOST"]["value"] == config.metadata.host
        assert found["METADATA_PORT"]["value"] == str(config.metadata.port)
        assert found["METADATA_DATABASE"]["value"] == config.metadata.database


def test_the_account_comes_from_the_configured_secret(cluster, config):
    names = {
        variable["valueFrom"]["secretKeyRef"]["name"]
        for pod in cluster.pods()
        for container in pod.containers
        for variable in container.get("env", [])
        if "valueFrom" in variable
    }
    assert names == {config.metadata.secret}


def test_the_shell_has_the_variables_that_the_commands_read(cluster):
    found = _environment(cluster, "Pod/deepfake-shell")
    keys = {
        name: found[name]["valueFrom"]["secretKeyRef"]["key"] for name in found if name != "HOME"
    }
    assert keys == {
        sections.USERNAME_VARIABLE: "username",
        sections.PASSWORD_VARIABLE: "password",
    }


def _environment(cluster, owner):
    [container] = cluster.pod(owner).spec["containers"]
    return {variable["name"]: variable for variable in container["env"]}
