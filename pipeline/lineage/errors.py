"""Errors of a lineage question: what was found, and what to do.

LineageError
├── NoRecordsError        the store has no tables yet: nothing was ever run
├── UnknownModelError     no pushed version, model or run is called that
├── AmbiguousModelError   several models are meant
├── NoModelError          the run made no model
├── UnknownRunError       no run is called that
├── AmbiguousRunError     several runs start with that
├── UnknownVideoError     no record key, identity or dataset is called that
└── FilesGoneError        the answer lies in files that are no longer there
"""

import difflib
from collections.abc import Collection, Sequence

_SHOWN = 5  # names in a message


class LineageError(Exception):
    """Base of a lineage question that has no answer.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "lineage_error"


class NoRecordsError(LineageError):
    """The store has no tables yet: nothing was ever run."""

    code = "no_records"


class UnknownModelError(LineageError):
    """No pushed version, model or run is called that."""

    code = "unknown_model"

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(
            f"no model {name!r}{nearest(name, known)}; give a pushed version, the id of a Model"
            f" artifact or a run{listed('pushed versions', known)}"
        )


class AmbiguousModelError(LineageError):
    """Several models are meant."""

    code = "ambiguous_model"

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        super().__init__(f"{name!r} means several models; give one of {', '.join(candidates)}")


class NoModelError(LineageError):
    """The run made no model."""

    code = "no_model"


class UnknownRunError(LineageError):
    """No run is called that."""

    code = "unknown_run"

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(f"no run {name!r}{nearest(name, known)}{listed('runs', known)}")


class AmbiguousRunError(LineageError):
    """Several runs start with that."""

    code = "ambiguous_run"

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        super().__init__(f"{name!r} is the start of several runs: {_first(candidates)}; give more")


class UnknownVideoError(LineageError):
    """No record key, identity or dataset is called that."""

    code = "unknown_video"

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(
            f"no video, identity or dataset {name!r}{nearest(name, known)} in any recorded manifest"
            " that can be read; a video is named dataset/method/video_id"
        )


class FilesGoneError(LineageError):
    """The answer lies in files that are no longer there."""

    code = "files_gone"


def nearest(name: str, known: Collection[str]) -> str:
    """` (did you mean ...?)`, or nothing where no known name is like `name`."""
    same_end = (other for other in known if other.endswith(f"/{name}"))
    near = [*same_end] or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def listed(noun: str, known: Collection[str]) -> str:
    """The last of the known names in brackets, for the end of a message."""
    return f" ({noun}: {_first(sorted(known, reverse=True)) or 'none'})"


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
