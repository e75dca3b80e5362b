"""What went into one run and not into the other, as tables that stay short."""

import collections
import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards import tables
from pipeline.dashboards.tables import Cell, Column, Row, Table
from pipeline.lineage.comparison import Change, Comparison, RunFacts
from pipeline.runs import words
from schemas import taxonomy
from schemas.run_report import Gate, RunReport
from schemas.video_record import VideoRecord

_MOST_ROWS: Final = 100  # of one kind of change
_LONGEST: Final = 80  # letters of a value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    """One kind of change; `more` says what was left out, and where it is."""

    title: str
    table: Table
    more: str = ""


def video_counts(found: Comparison, before: RunFacts, after: RunFacts) -> Table | None:
    """How many videos came, went and changed, by class and split; None where none did."""
    videos = found.videos
    kinds = (
        ("added", videos.added, after.videos),
        ("removed", videos.removed, before.videos),
        ("relabelled", _names(videos.relabelled), after.videos),
        ("moved to another split", _names(videos.moved), after.videos),
        ("with other bytes", _names(videos.replaced), after.videos),
    )
    rows = [_count_row(what, [of[key] for key in keys]) for what, keys, of in kinds if keys]
    if not rows:
        return None
    titles = ("Videos", "Fake", "Real", *taxonomy.SPLITS)
    return Table(
        caption=f"Changed videos by class and split; {videos.num_unchanged:,} are as they were",
        columns=[Column(title="Change"), *(Column(title=t, kind="number") for t in titles)],
        rows=rows,
        is_sortable=False,
    )


def _names(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(change.name for change in changes)


def _count_row(what: str, records: Sequence[VideoRecord]) -> Row:
    fakes = sum(record.is_fake for record in records)
    splits = collections.Counter(record.split for record in records)
    counts = (len(records), fakes, len(records) - fakes, *(splits[s] for s in taxonomy.SPLITS))
    return Row(cells=[tables.text(what), *map(tables.number, counts)])


def video_list(
    found: Comparison, before: RunFacts, after: RunFacts, hidden: Collection[str] = ()
) -> Section | None:
    """The changed videos by name, without those that are `hidden`; None where there are none."""
    videos = found.videos
    kinds = (
        ("added", [(key, "", _described(after.videos[key])) for key in videos.added]),
        ("removed", [(key, _described(before.videos[key]), "") for key in videos.removed]),
        ("relabelled", [(c.name, c.before, c.after) for c in videos.relabelled]),
        ("moved", [(c.name, c.before, c.after) for c in videos.moved]),
        ("other bytes", [(c.name, _short(c.before), _short(c.after)) for c in videos.replaced]),
    )
    named = [(what, [one for one in listed if one[0] not in hidden]) for what, listed in kinds]
    rows = [
        Row(cells=[tables.text(key), tables.text(what), tables.text(old), tables.text(new)])
        for what, listed in named
        for key, old, new in listed[:_MOST_ROWS]
    ]
    left_out = sum(max(0, len(listed) - _MOST_ROWS) for _, listed in named)
    if not rows:
        return None
    columns = [Column(title=title) for title in ("Video", "Change", "Before", "After")]
    table = Table(caption="Changed videos by name", columns=columns, rows=rows, is_searchable=True)
    return Section(title="By name", table=table, more=_more(left_out, "video"))


def _described(record: VideoRecord) -> str:
    label = taxonomy.FAKE if record.is_fake else taxonomy.REAL
    return f"{label}, {record.split}"


def settings(found: Comparison) -> tuple[Section, ...]:
    """Configuration, code and packages; those that did not change are left out."""
    kinds = (
        ("Configuration", "Setting", found.configuration),
        ("Code", "Node", found.code),
        ("Packages", "Package", found.packages),
    )
    return tuple(_section(title, noun, changes, found) for title, noun, changes in kinds if changes)


def _section(title: str, noun: str, changes: Sequence[Change], found: Comparison) -> Section:
    rows = [
        Row(cells=[tables.text(change.name), _value(change.before), _value(change.after)])
        for change in changes[:_MOST_ROWS]
    ]
    columns = [Column(title=noun), Column(title="Before"), Column(title="After")]
    table = Table(caption=f"{title} that changed", columns=columns, rows=rows)
    left_out = len(changes) - len(rows)
    return Section(title=title, table=table, more=_more(left_out, noun.lower()))


def _value(value: Any) -> Cell:
    if value is None:
        return Cell(text=tables.UNDEFINED, tone="faint")
    return tables.text(_short(value))


def _short(value: Any) -> str:
    text = str(value)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):  # a digest
        return text[:12]
    return words.shortened(text, _LONGEST)


def _more(left_out: int, noun: str) -> str:
    if not left_out:
        return ""
    return f"and {words.counted(left_out, noun)} more; the command at the end lists all"


def gates(before: RunReport, after: RunReport) -> Table | None:
    """The gates that one run passed and the other did not, or was not asked; None without any."""
    old, new = _gates(before), _gates(after)
    rows = []
    for key in dict.fromkeys((*new, *old)):
        outcomes = (_outcome(old.get(key)), _outcome(new.get(key)))
        if outcomes[0] != outcomes[1]:
            metric, name, is_change = key
            gate = new.get(key) or old[key]
            title = f"{metric}, against the baseline" if is_change else metric
            cells = [tables.text(title), tables.text(name), *outcomes, tables.text(gate.reason)]
            rows.append(Row(cells=cells))
    if not rows:
        return None
    titles = ("Gate", "Slice", "Before", "After", "Because")
    columns = [Column(title=title) for title in titles]
    return Table(caption="Gates that decided otherwise", columns=columns, rows=rows)


def _gates(report: RunReport) -> Mapping[tuple[str, str, bool], Gate]:
    """By metric, slice and whether the change against the baseline was judged."""
    found = report.evaluation.gates if report.evaluation else ()
    return {(gate.metric, gate.slice_name, gate.baseline is not None): gate for gate in found}


def _outcome(gate: Gate | None) -> Cell:
    if gate is None:
        return Cell(text="not asked", tone="faint")
    return Cell(text="passed", tone="good") if gate.passed else Cell(text="failed", tone="bad")
