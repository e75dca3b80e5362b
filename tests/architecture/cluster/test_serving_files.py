"""TensorFlow Serving's files: each parsed by its own message, strictly."""

import re

import pytest
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    text_format,
    wrappers_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from pipeline import graph
from pipeline.config import load

# Of TensorFlow Serving's session_bundle_config.proto, which the package of stubs lacks.
BATCHING_FIELDS = {
    "max_batch_size": "Int64Value",
    "batch_timeout_micros": "Int64Value",
    "max_enqueued_batches": "Int64Value",
    "num_batch_threads": "Int64Value",
    "thread_pool_name": "StringValue",
    "allowed_batch_sizes": "repeated int64",
    "pad_variable_length_inputs": "bool",
    "enable_large_batch_splitting": "BoolValue",
}


def batching_message() -> message.Message:
    """BatchingParameters, in a pool of its own: its real file may be registered elsewhere."""
    file = descriptor_pb2.FileDescriptorProto(
        name="batching.proto", package="batching", syntax="proto3"
    )
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    declared = file.message_type.add(name="BatchingParameters")
    kinds = descriptor_pb2.FieldDescriptorProto
    for number, (name, kind) in enumerate(BATCHING_FIELDS.items(), start=1):
        field = declared.field.add(name=name, number=number, label=kinds.LABEL_OPTIONAL)
        if kind == "repeated int64":
            field.label, field.type = kinds.LABEL_REPEATED, kinds.TYPE_INT64
        elif kind == "bool":
            field.type = kinds.TYPE_BOOL
        else:
            field.type, field.type_name = kinds.TYPE_MESSAGE, f".google.protobuf.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName("batching.BatchingParameters")
    return message_factory.GetMessageClass(descriptor)()


@pytest.fixture
def files(cluster):
    """The ConfigMap as the server finds it."""
    volumes = cluster.pod("Deployment/deepfake-serving").spec["volumes"]
    [name] = [volume["configMap"]["name"] for volume in volumes if "configMap" in volume]
    return cluster.named("ConfigMap", name)["data"]


def test_the_model_is_served_from_where_the_pipeline_pushes_it(files):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(files["models.config"], config)
    [model] = config.model_config_list.config
    kubeflow = load.load("kubeflow")
    assert model.name == kubeflow.push.model_name
    assert model.base_path == str(graph.push_directory(kubeflow))
    assert model.model_platform == "tensorflow"
    assert model.model_version_policy.latest.num_versions == 2
    assert not model.version_labels, "a label of a version that is not loaded stops the server"


def test_the_probes_ask_for_that_model(cluster):
    name = load.load("kubeflow").push.model_name
    [container] = cluster.pod("Deployment/deepfake-serving").spec["containers"]
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == f"/v1/models/{name}"


def test_the_first_version_is_awaited_where_it_will_be_pushed(cluster):
    [first] = cluster.pod("Deployment/deepfake-serving").spec["initContainers"]
    assert f"ls -d {graph.push_directory(load.load('kubeflow'))}/[0-9]*" in first["command"][-1]


def test_batching_parameters_are_wrapped_values(files):
    parameters = text_format.Parse(files["batching.config"], batching_message())
    assert 0 < parameters.max_batch_size.value <= 64
    assert 0 < parameters.batch_timeout_micros.value <= 100_000
    assert parameters.num_batch_threads.value > 0
    assert parameters.max_enqueued_batches.value > parameters.num_batch_threads.value


@pytest.mark.parametrize("wrong", ["max_batch_size: 16", "max_batch_sizes { value: 16 }"])
def test_the_classic_mistakes_in_batching_files_are_found(wrong):
    with pytest.raises(text_format.ParseError):
        text_format.Parse(wrong, batching_message())


def test_metrics_are_offered_where_the_monitor_looks(cluster, files):
    text = re.sub(r"#.*", "", files["monitoring.config"])
    shape = r'\s*prometheus_config\s*\{\s*enable:\s*true\s+path:\s*"(/[\w/]+)"\s*\}\s*'
    found = re.fullmatch(shape, text)
    assert found, "monitoring.config knows prometheus_config { enable, path } and nothing else"
    for monitor in cluster.of_kind("ServiceMonitor"):
        assert [endpoint["path"] for endpoint in monitor["spec"]["endpoints"]] == [found.group(1)]
