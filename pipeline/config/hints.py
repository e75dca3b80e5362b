"""What a mistyped name was probably meant to be."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], *, prefix: str = "", cutoff: float = 0.6) -> str:
    """`; did you mean NAME?` of the nearest known name; empty if none is near.

    Args:
      name: As it was given.
      known: Names that exist.
      prefix: Stands before the nearest name.
      cutoff: Least similarity, in [0, 1]; see `difflib.get_close_matches`.
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {prefix}{near[0]}?" if near else ""
