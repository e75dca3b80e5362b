"""The errors page: the videos that the model is most wrong about, and errors by slice.

A video is called fake above a score of 0.5, as in all figures of the evaluation that need a
threshold.
"""

import dataclasses
import math
import pathlib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pipeline.dashboards import frames, tables
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.frames import Crop, FaceTrack
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Cell, Column, Row, Table, Tone
from pipeline.evaluation import curves, gates, results, statistics
from pipeline.evaluation.curves import WorstVideo
from pipeline.runs import words as runs_words
from schemas import erased, taxonomy
from schemas.run_report import OVERALL, SliceSummary
from schemas.scoring import DECISION_THRESHOLD
from schemas.video_record import VideoRecord

MAX_CASES: Final = 12  # of one kind
FEW_ERRORS: Final = 4  # fewer are filled up with the least certain right answers
_MIN_PROBABILITY: Final = 1e-7  # as in the log loss of the evaluation

CROPS: Final = 8
_NONE_AMONG_WORST: Final = "None is among the worst videos that the evaluation keeps."
_HOW_TO_READ: Final = (
    "The worst first, by log loss; crops of the face in the order of time, evenly over the track."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One video; `score` is P(fake)."""

    record_key: str
    is_fake: bool
    score: float

    @property
    def is_error(self) -> bool:
        """Whether the score calls a fake real, or a real video fake."""
        return (self.score > DECISION_THRESHOLD) != self.is_fake

    @property
    def log_loss(self) -> float:
        """Log loss of the score, in nats: 0.69 at a score of 0.5, 0 for a certain right answer."""
        right = self.score if self.is_fake else 1 - self.score
        return -math.log(max(right, _MIN_PROBABILITY))


def known(worst: Iterable[WorstVideo], record_keys: Iterable[str]) -> list[Case]:
    """Those of the worst videos whose record keys are given: an evaluation has digests only."""
    keys = {erased.digest(key): key for key in record_keys}
    return [
        Case(record_key=keys[video.record_sha256], is_fake=video.is_fake, score=video.score)
        for video in worst
        if video.record_sha256 in keys
    ]


def select(worst: Iterable[Case], *, is_fake: bool) -> list[Case]:
    """The cases of one class to show, the worst first.

    Args:
      worst: Worst videos of both classes, as the evaluation kept them.
      is_fake: Whether fakes are asked for, that is false negatives, or pristine videos.

    Returns:
      At most `MAX_CASES` errors; where they are fewer than `FEW_ERRORS`, filled up to that number
      with the least certain right answers.
    """
    cases = sorted(
        (case for case in worst if case.is_fake == is_fake and math.isfinite(case.score)),
        key=lambda case: (-case.log_loss, case.record_key),
    )
    errors = [case for case in cases if case.is_error]
    return errors[:MAX_CASES] if len(errors) >= FEW_ERRORS else cases[:FEW_ERRORS]


def count_errors(cases: Sequence[Case]) -> int:
    """How many of the cases are errors."""
    return sum(case.is_error for case in cases)


def num_missed(entry: SliceSummary) -> int:
    """Fakes of a slice that are called real."""
    recall = entry.metrics.get(statistics.RECALL)
    return round((1 - recall.value) * entry.num_fake_videos) if recall else 0


def num_false_alarms(entry: SliceSummary) -> int:
    """Pristine videos of a slice that are called fake."""
    specificity = entry.metrics.get(statistics.SPECIFICITY)
    return round((1 - specificity.value) * entry.num_real_videos) if specificity else 0


def errors_by_slice(
    overall: SliceSummary, slices: Sequence[SliceSummary], min_videos: int
) -> Table:
    """One row for each slice, that with the most errors first.

    Args:
      overall: Statistics over all test videos.
      slices: Statistics of the slices to list.
      min_videos: Least number of videos of a class; slices with fewer are greyed.
    """
    total = num_missed(overall) + num_false_alarms(overall)
    ordered = sorted(slices, key=lambda one: (-_num_errors(one), one.name))
    return Table(
        caption=_caption(total),
        columns=[
            Column(title="Slice"),
            Column(title="Errors", kind="number", help="Videos that are called what they are not."),
            Column(title="Share of errors", kind="number", help="Of all errors on test videos."),
            Column(title="Missed fakes", kind="number", help="Fakes that are called real."),
            Column(title="False alarms", kind="number", help="Real videos that are called fake."),
            Column(title="Recall", kind="number", help="Share of fakes that are found."),
            Column(
                title="Specificity", kind="number", help="Share of reals that are not called fake."
            ),
        ],
        rows=[_row(entry, total, min_videos) for entry in ordered],
        is_searchable=len(slices) > 10,
    )


def _caption(total: int) -> str:
    if not total:
        return "No test video is called what it is not; intervals say how far that reaches."
    return (
        f"Where {runs_words.counted(total, 'error')} came from. A video is in one slice of each"
        " key, so shares add up within a key only."
    )


def _num_errors(entry: SliceSummary) -> int:
    return num_missed(entry) + num_false_alarms(entry)


def _row(entry: SliceSummary, total: int, min_videos: int) -> Row:
    size = gates.SliceSize(entry.num_fake_videos, entry.num_real_videos)
    is_small = gates.applicable(size, min_videos) is None
    remark = f"fewer than {min_videos} videos of a class say little" if is_small else ""
    errors = _num_errors(entry)
    return Row(
        cells=[
            Cell(text=entry.name, note=remark),
            tables.number(errors),
            tables.number(100 * errors / total if total else None, 1, unit="%"),
            _count(num_missed(entry), entry.num_fake_videos),
            _count(num_false_alarms(entry), entry.num_real_videos),
            tables.estimate(entry.metrics.get(statistics.RECALL)),
            tables.estimate(entry.metrics.get(statistics.SPECIFICITY)),
        ],
        is_faint=is_small,
    )


def _count(errors: int, videos: int) -> Cell:
    if not videos:
        return tables.number(None)
    return Cell(text=f"{errors:,}", sort=errors, note=f"of {videos:,}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One case, as the template shows it.

    Attributes:
      record_key: Key of the video.
      verdict: What the video is and what it was called, in words.
      tone: `bad` for errors, `warn` for right answers that are the least certain.
      facts: Name and value of each fact to list.
      crops: Face crops in temporal order; empty where the examples are gone.
      command: Command line that tells which models learnt from the video.
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheet:
    """The cases of one kind of error: missed fakes, or false alarms.

    Attributes:
      id: Id of the panel, unique on the page.
      title: Heading of the panel.
      summary: How many errors there are, and what is shown of them.
      cards: Cards of the cases, the worst case first.
    """

    id: str
    title: str
    summary: str
    cards: Sequence[Card]


def content(sources: RunSources) -> Content | Absent:
    """What the errors page shows."""
    folder = sources.files(outputs.EVALUATION)
    if folder is None:
        return _absent(sources)
    evaluation = results.load(str(folder))
    if evaluation.overall is None:
        return Absent(
            reason="The evaluation found no test video.",
            advice="Add test videos with a usable face and run again.",
        )
    by_slice = curves.load(str(folder)) or {}
    worst = by_slice[OVERALL].worst if OVERALL in by_slice else ()
    sheets, num_hidden = _sheets(sources, worst, evaluation.overall)
    others = [entry for entry in evaluation.slices if entry.name != OVERALL]
    least = results.settings(str(folder)).min_slice_videos
    values = {
        "overall": evaluation.overall,
        "num_missed": num_missed(evaluation.overall),
        "num_false_alarms": num_false_alarms(evaluation.overall),
        "sheets": sheets,
        "num_hidden": num_hidden,
        "keeps_worst": bool(worst),
        "slices": errors_by_slice(evaluation.overall, others, least) if others else None,
    }
    return Content(template="errors.html", values=values)


def _absent(sources: RunSources) -> Absent:
    error = sources.report.error
    if error:
        return Absent(
            reason=f"Nothing was evaluated: {error.node or 'the run'} failed.",
            advice=error.advice,
        )
    if not sources.is_running:
        return Absent(
            reason="This run has no evaluation, or its files are gone.",
            advice="The page of the run says how far it came.",
        )
    return Absent(
        reason="The run has not evaluated its model yet.",
        advice="Once Evaluator has ended, this page shows what the model is most wrong about.",
    )


def _sheets(
    sources: RunSources, worst: Sequence[WorstVideo], overall: SliceSummary
) -> tuple[list[Sheet], int]:
    """The sheets, and how many of the worst videos may not be shown."""
    records = frames.showable(sources)
    shown = known(worst, records)
    missed, alarms = (select(shown, is_fake=is_fake) for is_fake in (True, False))
    tracks = frames.write(
        sources, {case.record_key for case in (*missed, *alarms)}, per_video=CROPS
    )
    totals = num_missed(overall), num_false_alarms(overall)
    sheets = [
        Sheet(
            id="missed-fakes",
            title="Fakes taken for real",
            summary=_summary(totals[0], missed),
            cards=_cards(missed, records, tracks, sources),
        ),
        Sheet(
            id="false-alarms",
            title="Real videos taken for fakes",
            summary=_summary(totals[1], alarms),
            cards=_cards(alarms, records, tracks, sources),
        ),
    ]
    return sheets, len(worst) - len(shown)


def _cards(
    chosen: Sequence[Case],
    records: Mapping[str, VideoRecord],
    tracks: Mapping[str, FaceTrack],
    sources: RunSources,
) -> list[Card]:
    return [
        card(case, records[case.record_key], tracks.get(case.record_key), sources.output)
        for case in chosen
    ]


def _summary(total: int, chosen: Sequence[Case]) -> str:
    """How many errors there are, and what the cards are."""
    num_errors = count_errors(chosen)
    num_right = len(chosen) - num_errors
    said = [
        f"{runs_words.counted(total, 'error') if total else 'No error'} of this kind at score 0.5."
    ]
    if num_errors < total:
        said.append(f"The worst {num_errors:,} are shown." if num_errors else _NONE_AMONG_WORST)
    if num_right:
        answers = runs_words.counted(num_right, "answer")
        said.append(f"Shown because errors are few: {answers} that were right, but least certain.")
    if chosen:
        said.append(_HOW_TO_READ)
    return " ".join(said)
