"""Errors of running a graph.

RunnerError
├── UnknownNodeError           a name that is no node of the graph
├── EmptyRangeError            no node lies between --from and --to
├── NothingToReuseError        a partial run without an earlier run to start from
├── NodeFailedError            a node that recorded its failure instead of raising
├── BundleTooLargeError        a compiled pipeline larger than a cluster takes
├── BundleDigestError          a bundle that is absent, torn, or not the one asked for
├── CodeMismatchError          a bundle compiled by other code than the installed one
├── BadRunIdError              a run id that is none
├── AttemptStillRunningError   a second attempt of a step while the first is alive
└── NoJournalError             a run that left nothing to report on

Those of compiling, of the cluster's API and of the steps on this machine are in their packages.
"""

from collections.abc import Sequence

from pipeline.config.load import did_you_mean


class RunnerError(Exception):
    """Base of what a runner refuses or reports.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "runner_error"


class UnknownNodeError(RunnerError):
    """A name that is no node of the graph."""

    code = "unknown_node"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        hint = did_you_mean(name, known, cutoff=0.5)
        super().__init__(f"no node {name!r}{hint} (nodes: {', '.join(known)})")


class EmptyRangeError(RunnerError):
    """No node lies between the first and the last node asked for."""

    code = "empty_range"


class NothingToReuseError(RunnerError):
    """A partial run needs outputs that no earlier run left."""

    code = "nothing_to_reuse"


class NodeFailedError(RunnerError):
    """A node whose recorded state is FAILED though its launcher returned."""

    code = "node_failed"


class BundleTooLargeError(RunnerError):
    """A compiled pipeline larger than a cluster takes."""

    code = "bundle_too_large"


class BundleDigestError(RunnerError):
    """A bundle that is absent, torn, or not the one asked for."""

    code = "bundle_digest"


class CodeMismatchError(RunnerError):
    """A bundle compiled by other code than the installed one."""

    code = "code_mismatch"


class BadRunIdError(RunnerError):
    """A run id that is none."""

    code = "bad_run_id"


class AttemptStillRunningError(RunnerError):
    """A second attempt of a step while the first is alive."""

    code = "attempt_still_running"


class NoJournalError(RunnerError):
    """A run that left nothing to report on."""

    code = "no_journal"
