"""What `diff`, `verify` and `erase` print."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from pipeline.cli import lineage_tables

if TYPE_CHECKING:
    from pipeline.lineage.comparison import Change, Comparison, MetricChange
    from pipeline.lineage.erasing import Erasure
    from pipeline.lineage.erasure import ErasurePlan
    from pipeline.lineage.run_facts import Interval
    from pipeline.lineage.verification import Verification

_SHOWN: Final = 10  # lines of a list in a table; JSON and CSV have all
_LONGEST: Final = 60  # characters of a value in a table; JSON and CSV have all
_MEGABYTE: Final = 1e6
_CHANGE_HEADER: Final = (
    *("section", "name", "metric", "before", "before_lower", "before_upper"),
    *("after", "after_lower", "after_upper", "difference", "intervals_overlap"),
)


def comparison(found: "Comparison", form: str) -> str:
    """Two runs side by side."""
    if form == lineage_tables.JSON:
        return lineage_tables.as_json(dataclasses.asdict(found))
    if form == lineage_tables.CSV:
        return lineage_tables.as_csv(_CHANGE_HEADER, list(_change_rows(found)))
    return "\n".join(_change_lines(found))


def _sections(found: "Comparison") -> dict[str, Sequence["Change"]]:
    videos = found.videos
    return {
        "relabelled": videos.relabelled,
        "moved": videos.moved,
        "replaced": videos.replaced,
        "configuration": found.configuration,
        "code": found.code,
        "packages": found.packages,
    }


def _change_rows(found: "Comparison") -> Iterator[list[Any]]:
    for section, keys in (("added", found.videos.added), ("removed", found.videos.removed)):
        for key in keys:
            yield [section, key, *[""] * 9]
    for section, changes in _sections(found).items():
        for change in changes:
            yield [section, change.name, "", change.before, "", "", change.after, *[""] * 4]
    for entry in found.metrics:
        old, new = _cells(entry.before), _cells(entry.after)
        compared = [entry.difference, entry.intervals_overlap]
        yield ["metric", entry.slice_name, entry.metric, *old, *new, *compared]


def _cells(interval: "Interval | None") -> list[float | None]:
    return [interval.value, interval.lower, interval.upper] if interval else [None] * 3


def _change_lines(found: "Comparison") -> Iterator[str]:
    yield f"from {found.before} to {found.after}"
    videos = found.videos
    yield f"\nvideos: {len(videos.added)} added, {len(videos.removed)} removed," + (
        f" {len(videos.relabelled)} relabelled, {len(videos.moved)} moved between splits,"
        f" {len(videos.replaced)} with other bytes, {videos.num_unchanged} unchanged"
    )
    yield from _first([f"  + {key}" for key in videos.added])
    yield from _first([f"  - {key}" for key in videos.removed])
    for name, changes in _sections(found).items():
        if changes:
            yield f"\n{name}:"
            shown = [[c.name, f"{_short(c.before)} -> {_short(c.after)}"] for c in changes]
            yield from _first(lineage_tables.columns(shown))
    changed = [entry for entry in found.metrics if entry.difference != 0]
    same = len(found.metrics) - len(changed)
    yield f"\nmetrics: {len(changed)} changed, {same} the same"
    yield from _metric_lines(changed)
    yield from (f"\nnot compared: {reason}" for reason in found.incomplete)


def _metric_lines(changed: Sequence["MetricChange"]) -> list[str]:
    rows = [["slice", "metric", "before", "after", "difference", "intervals"]]
    for entry in changed:
        difference = "" if entry.difference is None else f"{entry.difference:+.3f}"
        overlap = {None: "", True: "overlap", False: "apart"}[entry.intervals_overlap]
        both = (_interval(entry.before), _interval(entry.after))
        rows.append([entry.slice_name, entry.metric, *both, difference, overlap])
    return lineage_tables.columns(rows) if changed else []


def _interval(interval: "Interval | None") -> str:
    if interval is None:
        return "-"
    lower, upper = ("?" if b is None else f"{b:.3f}" for b in (interval.lower, interval.upper))
    return f"{interval.value:.3f} [{lower}, {upper}]"


def _short(value: Any) -> str:
    text = "-" if value is None else str(value)
    is_digest = len(text) == 64 and set(text) <= set("0123456789abcdef")
    if is_digest:
        return text[:12]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"  and {len(lines) - _SHOWN} more; --format csv lists all"


def verification(found: "Verification", form: str) -> str:
    """What was looked at, and the findings."""
    if form == lineage_tables.JSON:
        return lineage_tables.as_json(dataclasses.asdict(found))
    if form == lineage_tables.CSV:
        rows = [(f.code, f.subject, f.message) for f in found.findings]
        return lineage_tables.as_csv(("code", "subject", "message"), rows)
    remote = f", {found.num_remote} lie elsewhere" if found.num_remote else ""
    seen = f"{found.num_artifacts:,} artifacts with {found.num_digests:,} digests{remote};"
    seen += f" {found.num_executions:,} executions"
    lines = [f"{f.code}: {f.subject}: {f.message}" for f in found.findings]
    ending = f"{len(lines)} findings" if lines else "all is well"
    return "\n".join((*lines, f"{seen}: {ending}"))


def erasure(plan: "ErasurePlan", done: "Erasure | None", form: str) -> str:
    """The plan; once it was carried out, what was done."""
    if form == lineage_tables.JSON:
        result = None if done is None else dataclasses.asdict(done)
        return lineage_tables.as_json({"plan": dataclasses.asdict(plan), "done": result})
    if form == lineage_tables.CSV:
        return lineage_tables.as_csv(("what", "id", "place", "detail"), list(_plan_rows(plan)))
    return "\n".join(_plan_lines(plan) if done is None else _done_lines(done))


def _plan_rows(plan: "ErasurePlan") -> Iterator[list[Any]]:
    yield from (["video", "", key, ""] for key in plan.videos)
    for removal in plan.removals:
        yield ["remove", removal.artifact_id, removal.uri, f"{removal.num_bytes} bytes"]
    yield from (["remove_crop", "", path, ""] for path in plan.crops)
    for entry in plan.affected:
        what = "taint" if entry.learnt else "evaluated"
        yield [what, entry.artifact_id, entry.served_from or entry.uri, " ".join(entry.splits)]
    yield from (["run", "", name, ""] for name in plan.runs)
    yield from (["left_source", "", path, ""] for path in plan.sources)
    yield from (["left_derived", "", key, ""] for key in plan.derived)
    yield from (["left_record", "", uri, ""] for uri in plan.records)


def _plan_lines(plan: "ErasurePlan") -> Iterator[str]:
    state = "nothing is left to do" if plan.is_done else "nothing has been changed by this plan"
    yield f"plan to erase the {plan.kind} {plan.name} (sha256 {plan.sha256}); {state}"
    yield f"\nvideos: {len(plan.videos)}"
    yield from _indented(plan.videos)
    size = sum(removal.num_bytes for removal in plan.removals) / _MEGABYTE
    yield f"\nremoved whole: {len(plan.removals)} artifacts, {size:.1f} MB"
    yield from _indented(f"{r.artifact_id} {r.type}: {r.uri}" for r in plan.removals)
    yield f"\nface crops on dashboard pages, removed: {len(plan.crops)} files"
    learnt = [entry for entry in plan.affected if entry.learnt]
    yield f"\nmarked as tainted, to be trained again or taken away: {len(learnt)}"
    for entry in learnt:
        place = entry.served_from or entry.uri
        yield f"  {entry.artifact_id} {entry.type} {place} (in {', '.join(entry.splits)})"
    judged = [entry for entry in plan.affected if not entry.learnt]
    if judged:
        yield f"\nonly evaluated on it: {len(judged)}"
        yield from _indented(f"{e.artifact_id} {e.type} {e.served_from or e.uri}" for e in judged)
    yield f"\nruns whose results rest on it: {', '.join(plan.runs) or 'none'}"
    yield "\nnot touched, yours to decide:"
    yield from _indented(f"video file {path}" for path in plan.sources)
    yield from _indented(f"video made from it {key}" for key in plan.derived)
    yield from _indented(f"record of a past run {uri}" for uri in plan.records)
    yield "  dashboard pages name its videos until `deepfake dashboard` makes them again"
    yield "  dead letters and logs of past runs, the manifest that you gave, and all back-ups"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    yield from _first([f"  {line}" for line in lines])


def _done_lines(done: "Erasure") -> Iterator[str]:
    yield (
        f"erased: {len(done.removed)} artifacts and {done.num_crops_removed} face crops removed,"
        f" {len(done.tainted)} models and versions marked as tainted, {done.num_scores_removed}"
        f" scores taken out; recorded as execution {done.execution_id}"
    )
