"""Errors that a user may cause or meet: one root with a stable code, and what is caught by type.

DeepfakeError
├── ArtifactNotLocalError         an artifact lies where no path leads
├── CallError                     a command was called wrongly
│   └── OutputInUseError
├── ConfigError                   the configuration cannot be used
├── DashboardError                a page, or all of them, cannot be made
│   └── UnreadableRunError
├── LineageError                  a question about lineage has no answer
│   ├── FilesGoneError
│   ├── NoRecordsError
│   └── UnknownRunError
├── ManifestError                 the manifest as a whole is of no use
├── MetadataError                 ML Metadata's store cannot be used
│   └── MetadataUnreachableError
├── RunnerError                   a graph cannot be run or compiled
│   ├── ClusterRefusedError
│   │   └── ClusterNotFoundError
│   └── ClusterUnreachableError
├── ServingError                  a request to the model server is wrong
└── VideoError                    one bad video
    ├── NoVideoStreamError
    ├── TooFewFramesError
    └── UndecodableVideoError

Anything else that is raised is a bug. A class stands here only because something catches it by
type; what went wrong is said by the code.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

_LISTED: Final = 5  # names in a message


class DeepfakeError(Exception):
    """Base of every error that a user may cause or meet.

    Attributes:
      code: Stable snake_case reason. It names a counter, a dead letter or a verdict reason, and is
        shown beside the message.
      message: What was found, and what to do next.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)  # both are arguments, so that errors cross processes
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class ArtifactNotLocalError(DeepfakeError):
    """An artifact lies where no file can be opened by a path."""


class CallError(DeepfakeError):
    """A command was called wrongly, or at the wrong time; nothing was started."""


class OutputInUseError(CallError):
    """Another run holds the output folder."""


class ConfigError(DeepfakeError):
    """The configuration cannot be used; the message starts with the dotted key."""


class DashboardError(DeepfakeError):
    """A page, or all of them, cannot be made."""


class UnreadableRunError(DashboardError):
    """A run left no journal or report that can be read."""


class LineageError(DeepfakeError):
    """A question about lineage has no answer."""


class FilesGoneError(LineageError):
    """The answer lies in files that are no longer there."""


class NoRecordsError(LineageError):
    """The store has no tables yet: nothing was ever run."""


class UnknownRunError(LineageError):
    """No run is called that."""


class ManifestError(DeepfakeError):
    """The manifest as a whole is of no use. A bad row is a dead letter instead."""


class MetadataError(DeepfakeError):
    """ML Metadata's store cannot be used."""


class MetadataUnreachableError(MetadataError):
    """Nothing answers at the address of the store; trying again may help."""


class RunnerError(DeepfakeError):
    """A graph cannot be run, compiled or handed to a cluster."""


class ClusterRefusedError(RunnerError):
    """The Kubeflow Pipelines API answered that a request is wrong."""


class ClusterNotFoundError(ClusterRefusedError):
    """The Kubeflow Pipelines API knows no such object."""


class ClusterUnreachableError(RunnerError):
    """Nothing answers at the address of the Kubeflow Pipelines API; trying again may help."""


class ServingError(DeepfakeError):
    """A request to the model server is wrong; the code is the name of a gRPC status, lower-case."""


class VideoError(DeepfakeError):
    """One bad video: dead-lettered where videos are many, shown where there is one.

    Its code is one of `schemas.dead_letter.CODES`. A file that is missing or may not be read is no
    bad video: `OSError` passes through.
    """


class NoVideoStreamError(VideoError):
    """The file holds no video; a cover picture of an audio file is none."""


class TooFewFramesError(VideoError):
    """The video, or the face in it, has too few frames."""


class UndecodableVideoError(VideoError):
    """FFmpeg cannot open the file, or decodes no frame of it."""


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The known name that was probably meant; empty if none is near.

    Args:
      name: As it was given.
      known: Names that exist; one whose last part, behind a slash, is `name` is nearest.
      cutoff: Least similarity, in [0, 1]; see `difflib.get_close_matches`.
    """
    names = list(known)
    same_end = [other for other in names if name and other.endswith(f"/{name}")]
    return next(iter(same_end or difflib.get_close_matches(name, names, n=1, cutoff=cutoff)), "")


def did_you_mean(name: str, known: Iterable[str], *, prefix: str = "", cutoff: float = 0.6) -> str:
    """`; did you mean NAME?` of the nearest known name; empty if none is near.

    Args:
      name: Name as it was given.
      known: Names that exist.
      prefix: Stands before the nearest name.
      cutoff: Least similarity, in [0, 1].
    """
    near = nearest(name, known, cutoff=cutoff)
    return f"; did you mean {prefix}{near}?" if near else ""


def listed(names: Sequence[str]) -> str:
    """The first of the names and how many more there are, for a message; `none` of none."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (", ".join(names[:_LISTED]) or "none") + more
