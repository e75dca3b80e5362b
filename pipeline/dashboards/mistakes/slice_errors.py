"""Errors by slice: where the model is wrong most often."""

from collections.abc import Sequence

from pipeline.dashboards import tables
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.evaluation import gates, statistics
from pipeline.evaluation.summary import SliceSummary
from pipeline.lineage import words


def num_missed(entry: SliceSummary) -> int:
    """Fakes of a slice that are called real."""
    recall = entry.metrics.get(statistics.RECALL)
    return round((1 - recall.value) * entry.num_fake_videos) if recall else 0


def num_false_alarms(entry: SliceSummary) -> int:
    """Pristine videos of a slice that are called fake."""
    specificity = entry.metrics.get(statistics.SPECIFICITY)
    return round((1 - specificity.value) * entry.num_real_videos) if specificity else 0


def table(overall: SliceSummary, slices: Sequence[SliceSummary], min_videos: int) -> Table:
    """One row for each slice, that with the most errors first.

    Args:
      overall: Of all test videos.
      slices: The others.
      min_videos: Of each class; slices with fewer are greyed.
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
        f"Where {words.counted(total, 'error')} came from. A video is in one slice of each key, so"
        " shares add up within a key only."
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
            _rate(entry, statistics.RECALL),
            _rate(entry, statistics.SPECIFICITY),
        ],
        is_faint=is_small,
    )


def _count(errors: int, videos: int) -> Cell:
    if not videos:
        return tables.number(None)
    return Cell(text=f"{errors:,}", sort=errors, note=f"of {videos:,}")


def _rate(entry: SliceSummary, metric: str) -> Cell:
    found = entry.metrics.get(metric)
    return tables.estimate(found.value, found.lower, found.upper) if found else tables.number(None)
