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

from schemas.errors import LineageError, UnknownRunError

_SHOWN = 5  # names in a message


def unknown_model(name: str, known: Collection[str]) -> LineageError:
    """No pushed version, model or run is called that."""
    return LineageError(
        "unknown_model",
        f"no model {name!r}{nearest(name, known)}; give a pushed version, the id of a Model"
        f" artifact or a run{listed('pushed versions', known)}",
    )


def ambiguous_model(name: str, candidates: Sequence[str]) -> LineageError:
    """Several models are meant."""
    return LineageError(
        "ambiguous_model", f"{name!r} means several models; give one of {', '.join(candidates)}"
    )


def unknown_run(name: str, known: Collection[str]) -> UnknownRunError:
    """No run is called that."""
    return UnknownRunError(
        "unknown_run", f"no run {name!r}{nearest(name, known)}{listed('runs', known)}"
    )


def ambiguous_run(name: str, candidates: Sequence[str]) -> LineageError:
    """Several runs start with that."""
    return LineageError(
        "ambiguous_run", f"{name!r} is the start of several runs: {_first(candidates)}; give more"
    )


def unknown_video(name: str, known: Collection[str]) -> LineageError:
    """No record key, identity or dataset is called that."""
    return LineageError(
        "unknown_video",
        f"no video, identity or dataset {name!r}{nearest(name, known)} in any recorded manifest"
        " that can be read; a video is named dataset/method/video_id",
    )


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
