"""A card for each case: its face over time, its score, and where the video came from."""

import dataclasses
import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.dashboards.frames import Crop, FaceTrack
from pipeline.dashboards.mistakes.cases import Case
from pipeline.dashboards.tables import Tone
from schemas import taxonomy
from schemas.video_record import VideoRecord

CROPS: Final = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One case, as the template shows it.

    Attributes:
      record_key: Of the video.
      verdict: What it is and what it was called, in words.
      tone: `bad` for errors, `warn` for right answers that are the least certain.
      facts: Name and value of each.
      crops: In temporal order; empty where the examples are gone.
      command: Tells which models learnt from the video.
    """

    record_key: str
    verdict: str
    tone: Tone
    facts: Sequence[tuple[str, str]]
    crops: Sequence[Crop]
    command: str


def card(case: Case, record: VideoRecord, track: FaceTrack | None, output: pathlib.Path) -> Card:
    """The card of a case; `output` is the output folder, which the command needs."""
    called_fake = case.is_fake != case.is_error
    words = {True: taxonomy.FAKE, False: taxonomy.REAL}
    verdict = f"{words[case.is_fake]}, called {words[called_fake]}"
    return Card(
        record_key=case.record_key,
        verdict=verdict if case.is_error else f"{verdict}: right, among the least certain",
        tone="bad" if case.is_error else "warn",
        facts=list({**_scores(case), **_video(record), **_face(track)}.items()),
        crops=track.crops if track else (),
        command=f"deepfake lineage trains-on {shlex.quote(case.record_key)}"
        f" --output {shlex.quote(str(output))}",
    )


def _scores(case: Case) -> Mapping[str, str]:
    return {
        "Score": f"{case.score:.3f} (1 is certainly fake)",
        "Log loss": f"{case.log_loss:.2f}",
    }


def _video(record: VideoRecord) -> Mapping[str, str]:
    size = f"{record.width} x {record.height} pixels, {record.fps:.4g} frames per second"
    return {
        "Method": record.manipulation_method,
        "Compression": record.compression_level,
        "Codec": record.codec,
        "Video": f"{size}, {record.duration_seconds:.1f} s",
        "File": record.path,
    }


def _face(track: FaceTrack | None) -> Mapping[str, str]:
    if track is None:
        return {}
    return {
        "Face": f"{track.face_pixels:.0f} pixels,"
        f" found in {track.num_present} of {track.num_frames} frames"
    }
