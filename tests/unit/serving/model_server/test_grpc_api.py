"""The gRPC interface, called through the real stubs of tensorflow-serving-api."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.model_server import grpc_api, models


@pytest.fixture(scope="module")
def model(base_path):
    return models.Model("deepfake", base_path)


@pytest.fixture(scope="module")
def channel(model):
    server, port = grpc_api.start(model, "127.0.0.1:0", max_workers=2)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as opened:
        assert _status(opened).state == get_model_status_pb2.ModelVersionStatus.START
        model.load()
        yield opened
    server.stop(None).wait()


@pytest.fixture
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def _status(channel, **spec):
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = get_model_status_pb2.GetModelStatusRequest(
        model_spec=model_pb2.ModelSpec(**{"name": "deepfake", **spec})
    )
    return stub.GetModelStatus(request, timeout=10).model_version_status[0]


def _predict(inputs, **spec):
    request = predict_pb2.PredictRequest(
        model_spec=model_pb2.ModelSpec(**{"name": "deepfake", **spec})
    )
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


NUMBERS = {"numbers": np.array([[1, 2]], np.float32)}


def test_predict_answers_with_tensors_version_and_signature(prediction):
    response = prediction.Predict(_predict(NUMBERS), timeout=10)
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["doubled"]), [[2, 4]])
    assert response.model_spec.version.value == 12
    assert response.model_spec.signature_name == "serving_default"


@pytest.mark.parametrize(
    ("inputs", "spec", "code"),
    [
        (NUMBERS, {"name": "other"}, grpc.StatusCode.NOT_FOUND),
        (NUMBERS, {"version": {"value": 3}}, grpc.StatusCode.NOT_FOUND),
        (NUMBERS, {"signature_name": "absent"}, grpc.StatusCode.FAILED_PRECONDITION),
        ({}, {}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"jpeg": b"no jpeg"}, {"signature_name": "decode"}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_wrong_requests_get_the_status_of_tensorflow_serving_and_a_message(
    prediction, inputs, spec, code
):
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Predict(_predict(inputs, **spec), timeout=10)
    assert caught.value.code() is code
    assert caught.value.details()


def test_a_tensor_that_is_none_is_an_invalid_argument(prediction):
    request = _predict(NUMBERS)
    request.inputs["numbers"].tensor_content = b"odd"
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Predict(request, timeout=10)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "input numbers is not a tensor" in caught.value.details()


def test_metadata_describes_the_signatures(prediction):
    request = get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=model_pb2.ModelSpec(name="deepfake"), metadata_field=["signature_def"]
    )
    response = prediction.GetModelMetadata(request, timeout=10)
    described = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(described)
    signature = described.signature_def["serving_default"]
    assert set(signature.inputs) == {"numbers"}
    assert set(signature.outputs) == {"doubled", "total"}
    request.metadata_field[:] = ["more"]
    with pytest.raises(grpc.RpcError) as caught:
        prediction.GetModelMetadata(request, timeout=10)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_status_says_available_and_unknown_models_are_not_found(channel):
    status = _status(channel)
    assert (status.version, status.state) == (
        12,
        get_model_status_pb2.ModelVersionStatus.AVAILABLE,
    )
    with pytest.raises(grpc.RpcError) as caught:
        _status(channel, name="other")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_model_that_cannot_be_loaded_says_so(tmp_path):
    (tmp_path / models.SAVED_MODEL_FILE).write_bytes(b"not a protobuf")
    broken = models.Model("deepfake", tmp_path)
    broken.load()
    server, port = grpc_api.start(broken, "127.0.0.1:0", max_workers=1)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        status = _status(channel)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(_predict(NUMBERS), timeout=10)
    server.stop(None).wait()
    assert status.state == get_model_status_pb2.ModelVersionStatus.END
    assert str(tmp_path) in status.status.error_message
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_methods_that_are_not_there_yet_say_unimplemented(prediction):
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Classify(classification_pb2.ClassificationRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
