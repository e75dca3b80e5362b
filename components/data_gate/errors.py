"""The error with which DataGate stops a run."""


class DataGateError(Exception):
    """The data breaks at least one blocking rule; the message lists them all.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "data_gate"
