"""Beam transforms of VideoValidator. Knows candidates and dead letters; knows no artifact."""

import dataclasses
from collections.abc import Callable, Iterable
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
        self._tally = self._shared.acquire(lambda: progress.Tally(self._videos_total))

    def process(
        self, candidate: Candidate
    ) -> Iterable[VideoRecord | TaggedOutput[Literal["dead_letter"], DeadLetter]]:
        Metrics.counter(NAMESPACE, "videos_read").inc()
        outcome = self._try(candidate)
        self._tally.add(is_rejected=isinstance(outcome, DeadLetter))
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
) -> tuple[beam.PCollection, beam.PCollection]:
    """Turns Candidates into PCollections of VideoRecord and of DeadLetter."""
    outputs = (
        candidates
        | "Spread" >> beam.Reshuffle()
        | "Probe"
        >> beam.ParDo(ProbeFn(probe, rules, videos_total)).with_outputs(DEAD_LETTER, main=ACCEPTED)
    )
    return outputs[ACCEPTED], outputs[DEAD_LETTER]
