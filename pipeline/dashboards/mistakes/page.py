"""The errors page: contact sheets of the videos that the model is most wrong about."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.dashboards import frames
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.frames import FaceTrack
from pipeline.dashboards.mistakes import cards, cases, slice_errors
from pipeline.dashboards.mistakes.cards import Card
from pipeline.dashboards.mistakes.cases import Case
from pipeline.dashboards.pages import Absent, Content
from pipeline.dashboards.sources import RunSources
from pipeline.evaluation import curves, results
from pipeline.evaluation.curves import WorstVideo
from pipeline.evaluation.summary import OVERALL, SliceSummary
from pipeline.lineage import words
from schemas.video_record import VideoRecord

_NONE_AMONG_WORST: Final = "None is among the worst videos that the evaluation keeps."
_HOW_TO_READ: Final = (
    "The worst first, by log loss; crops of the face in the order of time, evenly over the track."
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheet:
    """The cases of one kind.

    Attributes:
      id: Of its panel.
      title: Of its panel.
      summary: How many errors there are, and what is shown of them.
      cards: The worst first.
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
        "num_missed": slice_errors.num_missed(evaluation.overall),
        "num_false_alarms": slice_errors.num_false_alarms(evaluation.overall),
        "sheets": sheets,
        "num_hidden": num_hidden,
        "keeps_worst": bool(worst),
        "slices": slice_errors.table(evaluation.overall, others, least) if others else None,
    }
    return Content(template="errors.html", values=values)


def _absent(sources: RunSources) -> Absent:
    error = sources.summary["error"]
    if error:
        return Absent(
            reason=f"Nothing was evaluated: {error['node'] or 'the run'} failed.",
            advice=error["advice"],
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
    shown = cases.known(worst, records)
    missed, alarms = (cases.select(shown, is_fake=is_fake) for is_fake in (True, False))
    tracks = frames.write(
        sources, {case.record_key for case in (*missed, *alarms)}, per_video=cards.CROPS
    )
    totals = slice_errors.num_missed(overall), slice_errors.num_false_alarms(overall)
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
        cards.card(case, records[case.record_key], tracks.get(case.record_key), sources.output)
        for case in chosen
    ]


def _summary(total: int, chosen: Sequence[Case]) -> str:
    """How many errors there are, and what the cards are."""
    num_errors = cases.num_errors(chosen)
    num_right = len(chosen) - num_errors
    said = [f"{words.counted(total, 'error') if total else 'No error'} of this kind at score 0.5."]
    if num_errors < total:
        said.append(f"The worst {num_errors:,} are shown." if num_errors else _NONE_AMONG_WORST)
    if num_right:
        answers = words.counted(num_right, "answer")
        said.append(f"Shown because errors are few: {answers} that were right, but least certain.")
    if chosen:
        said.append(_HOW_TO_READ)
    return " ".join(said)
