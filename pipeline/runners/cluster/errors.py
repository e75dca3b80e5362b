"""Errors of talking to a Kubeflow Pipelines cluster.

ClusterError
├── NoHostError                 no cluster is configured
├── BadHostError                `kubeflow.host` is no address of an API
├── UnreadableCredentialError   the token or cookie file is missing, empty or not one line
├── UnreachableError            no answer, or an untrusted certificate
├── NotTheApiError              something answers, but not Kubeflow Pipelines
├── NotSignedInError            no token or cookie, or one that is not accepted
├── AccessDeniedError           signed in, without the rights
├── NamespaceNeededError        the cluster has profiles and no namespace is configured
├── RefusedError                the API refuses a request
│   └── NotFoundError           what the request names does not exist
├── NoSuchRunError              no run, or several, has that id
├── NoSuchScheduleError         no schedule has that id
├── ScheduleExistsError         a schedule of that name exists
├── NotARunParameterError       a --set that the package does not take as a parameter
├── OtherPipelineError          a package of another pipeline than the configuration's
└── BadTriggerError             a cron expression or interval that the cluster would misread
"""

from collections.abc import Iterable

from pipeline.runners.errors import RunnerError


class ClusterError(RunnerError):
    """Base of what goes wrong between this machine and a cluster.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "cluster_error"


class NoHostError(ClusterError):
    """No cluster is configured."""

    code = "no_host"

    def __init__(self) -> None:
        super().__init__(
            "no cluster is configured; set kubeflow.host to the address of the Kubeflow"
            " Pipelines API, in the configuration or with --set kubeflow.host=https://..."
        )


class BadHostError(ClusterError):
    """`kubeflow.host` is no address of an API."""

    code = "bad_host"


class UnreadableCredentialError(ClusterError):
    """The token or cookie file is missing, empty or not one line."""

    code = "credential_unreadable"


class UnreachableError(ClusterError):
    """No answer, or an untrusted certificate."""

    code = "cluster_unreachable"


class NotTheApiError(ClusterError):
    """Something answers, but not Kubeflow Pipelines."""

    code = "not_the_api"


class NotSignedInError(ClusterError):
    """No token or cookie, or one that is not accepted."""

    code = "not_signed_in"


class AccessDeniedError(ClusterError):
    """Signed in, without the rights."""

    code = "access_denied"


class NamespaceNeededError(ClusterError):
    """The cluster has profiles and no namespace is configured."""

    code = "namespace_needed"


class RefusedError(ClusterError):
    """The API refuses a request."""

    code = "cluster_refused"


class NotFoundError(RefusedError):
    """What the request names does not exist."""

    code = "not_found"


class NoSuchRunError(ClusterError):
    """No run, or several, has that id."""

    code = "no_such_run"


class NoSuchScheduleError(ClusterError):
    """No schedule has that id."""

    code = "no_such_schedule"


class ScheduleExistsError(ClusterError):
    """A schedule of that name exists."""

    code = "schedule_exists"


class NotARunParameterError(ClusterError):
    """A --set that the package does not take as a parameter."""

    code = "not_a_run_parameter"

    def __init__(self, key: str, known: Iterable[str]) -> None:
        super().__init__(
            f"{key} is compiled into the package; change it in the configuration and compile"
            f" again, or set one of {', '.join(sorted(known)) or '(no parameters)'}"
        )


class OtherPipelineError(ClusterError):
    """A package of another pipeline than the configuration's."""

    code = "other_pipeline"


class BadTriggerError(ClusterError):
    """A cron expression or interval that the cluster would misread."""

    code = "bad_trigger"
