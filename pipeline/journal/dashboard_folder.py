"""Where the pages of an output folder lie, and which of their files show people."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Iterator
from typing import Final

# Custom property of an execution in ML Metadata: the address of a page, written as those of
# artifacts are. No cache key holds it: those are made of a node's inputs and parameters.
LINK_PROPERTY: Final = "dashboard"
# Custom property beside it: when the node ended, as ISO 8601 text, UTC. Writing the link moves the
# time of the last update, which said so until then.
ENDED_PROPERTY: Final = "ended_at"
_FRAMES: Final = "frames"


@dataclasses.dataclass(frozen=True)
class DashboardFolder:
    """The folder `<output>/dashboard`: a static site.

    `index.html`, `assets/`, `compare/<run>--<run>.html` and, per run, `runs/<run_id>/<page>.html`
    with the face crops that its pages show in `runs/<run_id>/frames/`.
    """

    path: pathlib.Path

    @classmethod
    def below(cls, output: pathlib.Path) -> "DashboardFolder":
        """That of an output folder."""
        return cls(output / "dashboard")

    @property
    def index(self) -> pathlib.Path:
        """The page of all runs."""
        return self.path / "index.html"

    @property
    def assets(self) -> pathlib.Path:
        """Style, script and Plotly, once for all pages."""
        return self.path / "assets"

    def run(self, run_id: str) -> pathlib.Path:
        """Folder of the pages of one run."""
        return self.path / "runs" / run_id

    def comparison(self, before: str, after: str) -> pathlib.Path:
        """The page of two runs side by side."""
        return self.path / "compare" / f"{before}--{after}.html"

    def comparisons(self) -> Iterator[pathlib.Path]:
        """All pages of two runs that are written."""
        yield from sorted(self.path.glob("compare/*.html"))

    def frame(self, run_id: str, record_key: str, number: int) -> pathlib.Path:
        """JPEG of one face crop of a video; the name tells nothing but finds it for erasure."""
        return self.run(run_id) / _FRAMES / f"{_digest(record_key)}-{number}.jpg"

    def frames_of(self, record_key: str) -> Iterator[pathlib.Path]:
        """All crops of a video, of all runs."""
        yield from sorted(self.path.glob(f"runs/*/{_FRAMES}/{_digest(record_key)}-*.jpg"))


def _digest(record_key: str) -> str:
    return hashlib.sha256(record_key.encode()).hexdigest()[:24]
