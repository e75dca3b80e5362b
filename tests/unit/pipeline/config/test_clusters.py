"""What a step asks of the cluster: inheritance, ranges, names."""

import pytest

from pipeline.config import load
from schemas.errors import ConfigError


def configured(text):
    return load.from_mapping(load.PipelineConfig, load.parse(text)).kubeflow


def test_a_step_takes_its_own_values_then_the_default_ones_then_the_built_in_ones():
    kubeflow = configured(
        """
        kubeflow:
          default: {memory: 5Gi, retries: 4}
          nodes:
            Trainer: {gpu_count: 1, retries: 0, node_selector: {pool: gpu}}
        """
    )
    trainer, gate = kubeflow.step("Trainer"), kubeflow.step("DataGate")
    assert (trainer.gpu_count, trainer.retries, trainer.memory) == (1, 0, "5Gi")
    assert trainer.node_selector == {"pool": "gpu"}
    assert (gate.gpu_count, gate.retries, gate.gpu_type) == (0, 4, "nvidia.com/gpu")
    assert None not in gate.stated.values()


def test_tolerations_and_secrets_are_lists_of_sections():
    kubeflow = configured(
        """
        kubeflow:
          secrets: [{secret: proxy, key: url, variable: HTTPS_PROXY}]
          default: {tolerations: [{key: spot, effect: NoSchedule}]}
        """
    )
    assert kubeflow.step("Pusher").tolerations[0].key == "spot"
    assert kubeflow.secrets[0].variable == "HTTPS_PROXY"


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("nodes: {Trainr: {cpu: '2'}}", ConfigError, "nodes must be one of"),
        ("nodes: {Trainer: {cpus: '2'}}", ConfigError, "kubeflow.nodes.Trainer.cpus"),
        ("nodes: {Trainer: {cpu: 2}}", ConfigError, "Trainer.cpu must be text, got 2"),
        ("default: {memory: 4 GB}", ConfigError, "quantity such as 500m, 2 or 4Gi"),
        ("default: {retries: -1}", ConfigError, "retries must be at least 0"),
        ("default: {tolerations: [{effect: Never}]}", ConfigError, "effect must be"),
        ("labels: {1: a}", ConfigError, "keys of kubeflow.labels must be text"),
        ("secrets: [{secret: a, key: b}]", ConfigError, "secrets[0].variable"),
        ("mount_path: data", ConfigError, "mount_path must be absolute"),
        ("volume: Not_A_Name", ConfigError, "Not_A_Name"),
    ],
)
def test_what_is_wrong_is_named(text, error, words):
    with pytest.raises(error) as caught:
        configured(f"kubeflow: {{{text}}}")
    assert words in str(caught.value)


def test_the_shipped_configuration_keeps_everything_on_the_volume():
    config = load.load("kubeflow")
    below = f"{config.kubeflow.mount_path}/"
    assert config.output.startswith(below)
    assert config.data.manifest.startswith(below)
    assert config.metadata.backend == "mysql"
