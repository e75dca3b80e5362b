"""Writes a diagram as a file, in the format that the file's name or the caller asks for."""

import pathlib
from collections.abc import Callable, Mapping
from typing import Final

from pipeline.lineage import diagram, dot, errors, mermaid, openlineage, page
from pipeline.lineage.diagram import Diagram

RENDERERS: Final[Mapping[str, Callable[[Diagram], str]]] = {
    "html": page.render,
    "mermaid": mermaid.render,
    "json": diagram.to_json,
    "dot": dot.render,
    "openlineage": openlineage.render,
}
# The first that fits counts.
_SUFFIXES: Final = {
    ".html": "html",
    ".htm": "html",
    ".mmd": "mermaid",
    ".ol.json": "openlineage",
    ".json": "json",
    ".dot": "dot",
    ".gv": "dot",
}


class UnknownFormatError(errors.LineageError):
    """The name of the file tells no format."""

    code = "unknown_format"


def format_of(path: pathlib.Path) -> str:
    """The format that a file's name asks for, one of `RENDERERS`.

    Raises:
      UnknownFormatError: It asks for none.
    """
    name = path.name.lower()
    found = next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), None)
    if found is None:
        raise UnknownFormatError(
            f"{path.name!r} tells no format; end it with one of {', '.join(_SUFFIXES)},"
            f" or give --format ({', '.join(RENDERERS)})"
        )
    return found


def write(drawn: Diagram, path: pathlib.Path, kind: str) -> None:
    """Writes the diagram in the format `kind`; a reader sees the old file or the whole new one."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(RENDERERS[kind](drawn), encoding="utf-8")
    draft.replace(path)
