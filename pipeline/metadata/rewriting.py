"""Artifact URIs whose folder moved: `OLD=NEW` prefixes, at the borders of names."""

import dataclasses
from collections.abc import Iterable, Sequence

from schemas.errors import MetadataError


@dataclasses.dataclass(frozen=True)
class Rewrite:
    """One prefix and what takes its place, both without a slash at the end."""

    old: str
    new: str

    def fits(self, uri: str) -> bool:
        """Whether `uri` is `old` or lies below it."""
        return uri == self.old or uri.startswith(f"{self.old}/")


def parse(texts: Sequence[str]) -> tuple[Rewrite, ...]:
    """Rewrites from `OLD=NEW` texts; the longest prefix comes first.

    Raises:
      MetadataError: `metadata_bad_rewrite`: A text is no `OLD=NEW`.
    """
    rewrites = []
    for text in texts:
        old, equals, new = text.partition("=")
        if not equals or not old.rstrip("/") or not new.rstrip("/"):
            raise MetadataError("metadata_bad_rewrite", f"--rewrite wants OLD=NEW, got {text!r}")
        rewrites.append(Rewrite(old.rstrip("/"), new.rstrip("/")))
    return tuple(sorted(rewrites, key=lambda rewrite: len(rewrite.old), reverse=True))


def apply(rewrites: Sequence[Rewrite], uri: str) -> str:
    """`uri` with the first prefix that fits replaced."""
    for rewrite in rewrites:
        if rewrite.fits(uri):
            return rewrite.new + uri.removeprefix(rewrite.old)
    return uri


def expect_use(rewrites: Sequence[Rewrite], uris: Iterable[str]) -> None:
    """Refuses a prefix that no URI has: it is misspelt.

    Raises:
      MetadataError: `metadata_bad_rewrite`: It names the prefix, and a URI as it is.
    """
    known = sorted(set(uris))
    for rewrite in rewrites:
        if known and not any(map(rewrite.fits, known)):
            raise MetadataError(
                "metadata_bad_rewrite",
                f"no artifact lies below {rewrite.old}; they are like {known[0]}",
            )
