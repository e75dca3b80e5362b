"""Beam transforms of VideoValidator. Knows candidates and dead letters; knows no artifact."""

import dataclasses
import pathlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from components.video.probe import VideoInfo
from components.video_validator.rows import Candidate
from components.video_validator.rules import first_broken
from components.video_validator.settings import VideoRules
from schemas import progress
from schemas.dead_letter import DeadLetter
from schemas.errors import VideoError
from schemas.video_record import VideoRecord

NAMESPACE: Final = "video_validator"
DEAD_LETTER: Final = "dead_letter"
ACCEPTED: Final = "accepted"

Probe = Callable[[str], VideoInfo]


class Tally:
    """Counts videos across the threads of one process and reports progress."""

    def __init__(self, videos_total: int) -> None:
        self._lock = threading.Lock()
        self._total = videos_total
        self._done = 0
        self._rejected = 0

    def add(self, *, rejected: bool) -> None:
        """Counts one video and reports the sums."""
        with self._lock:
            self._done += 1
            self._rejected += rejected
            progress.report(
                videos_done=self._done, videos_total=self._total, videos_rejected=self._rejected
            )


class ProbeFn(beam.DoFn):
    """Turns Candidates into VideoRecords with the facts of their files.

    A video that raises a VideoError, breaks a rule or differs from the promised digest goes to
    the DEAD_LETTER output as a DeadLetter. Any other exception fails the bundle: a bug is not
    bad data.

    Counters, in namespace "video_validator": `videos_read`, `videos_accepted`,
    `videos_rejected` and `videos_rejected_<code>`.
    """

    def __init__(self, probe: Probe, rules: VideoRules, videos_total: int) -> None:
        self._probe = probe
        self._rules = rules
        self._videos_total = videos_total
        self._shared = Shared()

    def setup(self) -> None:
        self._tally = self._shared.acquire(lambda: Tally(self._videos_total))

    def process(
        self, candidate: Candidate
    ) -> Iterable[VideoRecord | TaggedOutput[Literal["dead_letter"], DeadLetter]]:
        Metrics.counter(NAMESPACE, "videos_read").inc()
        outcome = self._try(candidate)
        self._tally.add(rejected=isinstance(outcome, DeadLetter))
        if isinstance(outcome, DeadLetter):
            Metrics.counter(NAMESPACE, "videos_rejected").inc()
            Metrics.counter(NAMESPACE, f"videos_rejected_{outcome.code}").inc()
            yield TaggedOutput(DEAD_LETTER, outcome)
        else:
            Metrics.counter(NAMESPACE, "videos_accepted").inc()
            yield outcome

    def _try(self, candidate: Candidate) -> VideoRecord | DeadLetter:
        try:
            info = self._probe(candidate.record.path)
        except VideoError as error:
            return candidate.reject(error.code, str(error))
        broken = first_broken(info, self._rules)
        if broken:
            return candidate.reject(broken.code, broken.message)
        if candidate.sha256 not in ("", info.digest):
            message = (
                f"row {candidate.row}: sha256 is {candidate.sha256} in the manifest and "
                f"{info.digest} of the file: fetch the file again or correct the manifest"
            )
            return candidate.reject("invalid_row", message)
        return dataclasses.replace(
            candidate.record,
            digest=info.digest,
            container=info.container,
            codec=info.codec,
            num_frames=info.num_frames,
            fps=info.fps,
            duration_seconds=info.duration_seconds,
            width=info.width,
            height=info.height,
        )


def probe_videos(
    candidates: beam.PCollection, probe: Probe, rules: VideoRules, videos_total: int
) -> dict[str, beam.PCollection]:
    """Turns Candidates into JSON lines of VideoRecords (ACCEPTED) and DeadLetters (DEAD_LETTER)."""
    outputs = (
        candidates
        | "Spread" >> beam.Reshuffle()
        | "Probe"
        >> beam.ParDo(ProbeFn(probe, rules, videos_total)).with_outputs(DEAD_LETTER, main=ACCEPTED)
    )
    return {
        ACCEPTED: outputs[ACCEPTED] | "EncodeRecords" >> beam.Map(VideoRecord.to_json),
        DEAD_LETTER: outputs[DEAD_LETTER] | "EncodeLetters" >> beam.Map(DeadLetter.to_json),
    }


def read_back(
    folder: pathlib.Path, *, num_candidates: int
) -> tuple[dict[str, VideoRecord], list[DeadLetter]]:
    """Reads the outputs of `probe_videos` from text files named ACCEPTED-* and DEAD_LETTER-*.

    Returns:
      Records by key, and letters.

    Raises:
      RuntimeError: Some candidate is in neither; there are Beam runners that lose data silently.
    """
    records = {
        record.key: record for record in map(VideoRecord.from_json, _lines(folder, ACCEPTED))
    }
    letters = list(map(DeadLetter.from_json, _lines(folder, DEAD_LETTER)))
    if len(records) + len(letters) != num_candidates:
        raise RuntimeError(
            f"the Beam runner returned {len(records)} records and {len(letters)} dead letters "
            f"for {num_candidates} videos: it loses data, choose another one"
        )
    return records, letters


def _lines(folder: pathlib.Path, name: str) -> Iterator[str]:
    for shard in sorted(folder.glob(f"{name}-*-of-*")):
        yield from shard.read_text(encoding="utf-8").splitlines()
