"""What a request can do wrong. Each code is the name of a gRPC status, as in TensorFlow Serving."""


class ServingError(Exception):
    """Base of every error that a request may cause.

    Attributes:
      code: Lower-case name of the gRPC status.
    """

    code = "unknown"


class ServableNotFoundError(ServingError):
    """No such model or version."""

    code = "not_found"


class InvalidRequestError(ServingError):
    """Wrong inputs: names, types, shapes, or content that the model cannot read."""

    code = "invalid_argument"


class SignatureNotFoundError(ServingError):
    """The model has no such signature."""

    code = "failed_precondition"


class ModelNotReadyError(ServingError):
    """The model is not loaded yet, or cannot be loaded."""

    code = "unavailable"
