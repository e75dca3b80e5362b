"""Digest of source code, for cache keys: TFX does not hash installed code."""

import functools
import hashlib
import importlib.util
import pathlib
from typing import Final

PARAMETER: Final = "code_fingerprint"  # execution property that holds it, of every node


@functools.cache
def of(*names: str) -> str:
    """SHA-256 over the `.py`, `.pbtxt` and `.yaml` sources of modules and packages.

    Args:
      *names: Dotted names; a package counts with everything below it. They are located,
        not imported. Order does not matter.

    Returns:
      64 hexadecimal digits, equal wherever the same sources are installed.

    Raises:
      ModuleNotFoundError: A name is not installed.
    """
    digest = hashlib.sha256()
    for name in sorted(set(names)):
        for relative, source in _sources(name):
            digest.update(f"{name}\0{relative}\0".encode())
            digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _sources(name: str) -> list[tuple[str, pathlib.Path]]:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module named {name!r} to fingerprint", name=name)
    origin = pathlib.Path(spec.origin)
    if not spec.submodule_search_locations:
        return [(origin.name, origin)]
    files = (p for p in origin.parent.rglob("*") if p.suffix in {".py", ".pbtxt", ".yaml"})
    return sorted((p.relative_to(origin.parent).as_posix(), p) for p in files)
