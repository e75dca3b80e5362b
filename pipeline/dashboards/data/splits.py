"""The splits: how many videos, people and tracks of which class, method and dataset each has."""

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import charts, tables
from pipeline.dashboards.charts import Chart
from pipeline.dashboards.data import features
from pipeline.dashboards.tables import Column, Row, Table
from schemas import taxonomy
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

MAX_NAMES: Final = 20  # drawn; the table has them all
_SECONDS_IN_MINUTE: Final = 60
_ROW_PIXELS: Final = 26
_FRAME_PIXELS: Final = 120


def by_class(records: Sequence[VideoRecord]) -> Chart:
    """Videos of each split, real and fake stacked."""
    counts = collections.Counter((record.split, record.is_fake) for record in records)
    traces = [
        _bars(name, role, [counts[split, is_fake] for split in taxonomy.SPLITS], taxonomy.SPLITS)
        for name, role, is_fake in (
            (taxonomy.REAL, charts.REAL, False),
            (taxonomy.FAKE, charts.FAKE, True),
        )
    ]
    return Chart(
        id="split-classes",
        title="Videos by split and class",
        summary="Real and fake videos in each split.",
        figure=charts.figure(
            traces,
            barmode="stack",
            legend={"traceorder": "normal"},
            xaxis={"type": "category"},
            yaxis=charts.axis("videos"),
        ),
        height=300,
    )


def table(records: Sequence[VideoRecord], tracks: Sequence[TrackRow]) -> Table:
    """One row for each split, and one for all."""
    parts = [(split, [r for r in records if r.split == split]) for split in taxonomy.SPLITS]
    num_tracks = collections.Counter(track.split for track in tracks)
    rows = [_row(name, chosen, num_tracks[name], len(records)) for name, chosen in parts]
    return Table(
        caption="Videos, people and tracks by split",
        columns=[
            Column(title="Split"),
            Column(title="Videos", kind="number"),
            Column(title="Share", kind="number"),
            Column(title="Real", kind="number"),
            Column(title="Fake", kind="number"),
            Column(title="Tracks", kind="number", help="Face tracks: one example each"),
            Column(title="Identities", kind="number", help="People named in the manifest"),
            Column(
                title="Components",
                kind="number",
                help="Groups of videos bound by people, sources or files; a split has them whole",
            ),
            Column(title="Minutes", kind="number"),
        ],
        rows=[*rows, _row("all", records, len(tracks), len(records))],
        is_sortable=False,
    )


def by_method(records: Sequence[VideoRecord]) -> Chart:
    """Videos of each manipulation method, by split."""
    return _by_name(
        records,
        lambda record: record.manipulation_method,
        "method",
        f"{taxonomy.PRISTINE_METHOD!r} are the pristine videos.",
    )


def by_dataset(records: Sequence[VideoRecord]) -> Chart | None:
    """Videos of each dataset, by split; None where there is one dataset only."""
    if len({record.dataset for record in records}) < 2:
        return None
    return _by_name(records, lambda record: record.dataset, "dataset", "As the manifest says.")


def _by_name(
    records: Sequence[VideoRecord],
    name_of: Callable[[VideoRecord], str],
    what: str,
    remark: str,
) -> Chart:
    counts = collections.Counter((name_of(record), record.split) for record in records)
    totals = collections.Counter(name_of(record) for record in records)
    names = [name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    drawn = names[:MAX_NAMES]
    more = len(names) - len(drawn)
    return Chart(
        id=f"split-{what}s",
        title=f"Videos by {what} and split",
        summary=remark + (f" {more} more are in the table." if more else ""),
        figure=charts.figure(
            [
                _bars(
                    split,
                    features.COLOURS[split],
                    [counts[n, split] for n in drawn],
                    drawn,
                    is_flat=True,
                )
                for split in taxonomy.SPLITS
            ],
            barmode="stack",
            legend={"traceorder": "normal"},
            xaxis=charts.axis("videos"),
            yaxis={"type": "category", "autorange": "reversed", "ticklabelstandoff": 6},
        ),
        table=_counts(what, names, counts, totals),
        height=max(300, _FRAME_PIXELS + _ROW_PIXELS * len(drawn)),
    )


def _counts(
    what: str,
    names: Sequence[str],
    counts: Mapping[tuple[str, str], int],
    totals: Mapping[str, int],
) -> Table:
    return Table(
        caption=f"Videos by {what} and split",
        columns=[
            Column(title=what.capitalize()),
            *(Column(title=split, kind="number") for split in (*taxonomy.SPLITS, "all")),
        ],
        rows=[
            Row(
                cells=[
                    tables.text(name),
                    *(tables.number(counts[name, split]) for split in taxonomy.SPLITS),
                    tables.number(totals[name]),
                ]
            )
            for name in names
        ],
        hides_caption=True,
    )


def _row(name: str, records: Sequence[VideoRecord], num_tracks: int, total: int) -> Row:
    num_fake = sum(record.is_fake for record in records)
    seconds = sum(record.duration_seconds for record in records)
    return Row(
        cells=[
            tables.text(name),
            tables.number(len(records)),
            tables.number(100 * len(records) / total if total else None, 1, unit="%"),
            tables.number(len(records) - num_fake),
            tables.number(num_fake),
            tables.number(num_tracks),
            tables.number(len(identities(records))),
            tables.number(len({record.component_id for record in records})),
            tables.number(seconds / _SECONDS_IN_MINUTE, 1),
        ]
    )


def identities(records: Sequence[VideoRecord]) -> frozenset[str]:
    """The people in the videos, as far as the manifest names them."""
    return frozenset(name for record in records for name in record.identities)


def _bars(
    name: str, role: str, numbers: Sequence[int], at: Sequence[str], *, is_flat: bool = False
) -> Mapping[str, Any]:
    along, across = ("x", "y") if is_flat else ("y", "x")
    return {
        "type": "bar",
        "name": name,
        "orientation": "h" if is_flat else "v",
        along: list(numbers),
        across: list(at),
        "marker": {"color": role},
        "hovertemplate": f"%{{{across}}}<br>{name}: %{{{along}:,}}<extra></extra>",
    }
