"""gRPC front of a model: PredictionService and ModelService of tensorflow-serving-api.

Predict, GetModelMetadata and GetModelStatus answer; every other method says UNIMPLEMENTED.
"""

from collections.abc import Callable
from concurrent import futures
from typing import Any, Final, TypeVar

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from schemas import signatures
from schemas.errors import ServingError
from serving.model_server.models import Model

METADATA_FIELD: Final = "signature_def"  # the only one that TensorFlow Serving knows
_UNLIMITED: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_STATUS_OF: Final = {status.value[0]: status for status in grpc.StatusCode}

Answer = TypeVar("Answer")


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Runs signatures and describes them."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def Predict(
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        return _answer(context, lambda: self._predict(request))

    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        return _answer(context, lambda: self._metadata(request))

    def _predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        servable = self._model.servable(request.model_spec.name, _version(request.model_spec))
        signature = request.model_spec.signature_name or signatures.SERVING_DEFAULT
        inputs = {name: _array(name, proto) for name, proto in request.inputs.items()}
        outputs = servable.run(signature, inputs, request.output_filter)
        response = predict_pb2.PredictResponse(model_spec=self._spec(signature))
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response

    def _metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        if list(request.metadata_field) != [METADATA_FIELD]:
            raise ServingError(
                "invalid_argument",
                f"metadata_field must be [{METADATA_FIELD!r}], got {list(request.metadata_field)}",
            )
        servable = self._model.servable(request.model_spec.name, _version(request.model_spec))
        described = get_model_metadata_pb2.SignatureDefMap(signature_def=servable.signature_defs)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=self._spec())
        response.metadata[METADATA_FIELD].Pack(described)
        return response

    def _spec(self, signature: str = "") -> model_pb2.ModelSpec:
        return model_pb2.ModelSpec(
            name=self._model.name,
            version={"value": self._model.status.version},
            signature_name=signature,
        )


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Says in which state the model is; answers from the first moment, while it loads."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        return _answer(context, lambda: self._status(request))

    def _status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        self._model.check(request.model_spec.name, _version(request.model_spec))
        status = self._model.status
        response = get_model_status_pb2.GetModelStatusResponse()
        entry = response.model_version_status.add(version=status.version, state=status.state)
        if status.state == get_model_status_pb2.ModelVersionStatus.END:
            entry.status.error_code = grpc.StatusCode.UNKNOWN.value[0]
            entry.status.error_message = status.error
        return response


def start(model: Model, address: str, *, max_workers: int) -> tuple[grpc.Server, int]:
    """Starts to listen on `address` (`host:port`); the model may be loaded before or after.

    Returns:
      The server, and the port it got.

    Raises:
      RuntimeError: The address is taken.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers), options=_UNLIMITED)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(model), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(model), server)
    port: int = server.add_insecure_port(address)
    server.start()
    return server, port


def _answer(context: grpc.ServicerContext, handle: Callable[[], Answer]) -> Answer:
    """Turns what a request caused into its gRPC status; a bug stays an UNKNOWN with a traceback."""
    try:
        return handle()
    except ServingError as error:
        status, message = grpc.StatusCode[error.code.upper()], str(error)
    except tf.errors.OpError as error:  # for example a JPEG that cannot be decoded
        status, message = _STATUS_OF[error.error_code], error.message
    context.abort(status, message)
    raise AssertionError("abort always raises")


def _version(spec: model_pb2.ModelSpec) -> int | None:
    return spec.version.value if spec.HasField("version") else None


def _array(name: str, proto: Any) -> Any:
    try:
        return tf.make_ndarray(proto)
    except (TypeError, ValueError) as error:
        raise ServingError("invalid_argument", f"input {name} is not a tensor: {error}") from error
