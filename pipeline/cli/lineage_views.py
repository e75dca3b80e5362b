"""Answers about lineage on the screen: tables for people, JSON and CSV for programs."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli import options
from schemas.run_report import Estimate

if TYPE_CHECKING:
    from pipeline.lineage.comparison import Change, Comparison, MetricChange
    from pipeline.lineage.erasure import Erasure, ErasurePlan
    from pipeline.lineage.membership import Membership
    from pipeline.lineage.show import Provenance
    from pipeline.lineage.verdicts import Evaluation, Verdict
    from pipeline.lineage.verification import Verification

_WIDTH: Final = 18  # of the names at the left
_DIGITS: Final = 12  # of a digest, for people

_SHOWN: Final = 10  # lines of a list in a table; JSON and CSV have all
_LONGEST: Final = 60  # characters of a value in a table; JSON and CSV have all
_MEGABYTE: Final = 1e6
_CHANGE_HEADER: Final = (
    *("section", "name", "metric", "before", "before_lower", "before_upper"),
    *("after", "after_lower", "after_upper", "difference", "intervals_overlap"),
)


def provenance(answer: "Provenance", form: str) -> None:
    """Prints what made a model; CSV has one line for each fact."""
    if form == options.TABLE:
        _table_of_provenance(answer)
    elif form == options.CSV:
        click.echo(options.as_csv(("fact", "value"), _flat(dataclasses.asdict(answer))))
    else:
        click.echo(options.as_json(dataclasses.asdict(answer)))


def membership(answer: "Membership", form: str) -> None:
    """Prints who saw a video; CSV has one line for each model and split."""
    if form == options.TABLE:
        _table_of_membership(answer)
    elif form == options.CSV:
        header = ("model_id", "run", "split", "num_videos", "versions", "state", "reused_by")
        rows = (
            (m.model_id, m.run, split, n, " ".join(m.versions), m.state, " ".join(m.reused_by))
            for m in answer.models
            for split, n in m.splits.items()
        )
        click.echo(options.as_csv(header, rows))
        _warn(answer.unread)
    else:
        click.echo(options.as_json(dataclasses.asdict(answer)))


def verdict(answer: "Verdict", form: str) -> None:
    """Prints why a model was blessed or not; CSV has one line for each gate."""
    if form == options.TABLE:
        _table_of_verdict(answer)
    elif form == options.CSV:
        header = ("run", "metric", "slice", "value", "bound", "baseline", "passed", "reason")
        rows = (
            (e.run, g.metric, g.slice_name, g.value, g.bound, g.baseline, g.passed, g.reason)
            for e in answer.evaluations
            for g in e.gates
        )
        click.echo(options.as_csv(header, rows))
        _warn(entry.unread for entry in answer.evaluations if entry.unread)
    else:
        click.echo(options.as_json(dataclasses.asdict(answer)))


def _table_of_provenance(answer: "Provenance") -> None:
    _line("model", f"{answer.model_id}, pushed as {_listed(answer.versions, 'nothing')}")
    _line("trained in", f"{answer.run} ({answer.pipeline})")
    _line("reused by", _listed(answer.reused_by))
    for split, by_class in answer.videos.items():
        counts = ", ".join(f"{by_class.get(kind, 0)} {kind}" for kind in ("real", "fake"))
        _line(f"  {split}", counts)
    letters = (f"{count} {code}" for code, count in answer.dead_letters.items())
    _line("left out", _listed(letters))
    for name, value in answer.digests.items():
        _line(name.replace("_", " "), value)
    for section, values in answer.parameters.items():
        _line(section, ", ".join(f"{key} {value}" for key, value in values.items()))
    packages = (f"{name} {version}" for name, version in answer.packages.items())
    _line("packages", _listed(packages))
    _judgement(answer.verdict)
    click.echo()
    steps = (
        (s.node, s.run, s.state, s.began, s.code_fingerprint[:_DIGITS] or None)
        for s in answer.steps
    )
    _print_table(("node", "run", "state", "began", "code"), steps)
    click.echo()
    artifacts = ((a.type, a.artifact_id, a.state, a.uri) for a in answer.artifacts)
    _print_table(("artifact", "id", "state", "files"), artifacts)
    _warn(answer.unread)


def _judgement(answer: "Verdict") -> None:
    for evaluation in answer.evaluations:
        failed = sum(not gate.passed for gate in evaluation.gates)
        gates = f"{len(evaluation.gates) - failed} of {len(evaluation.gates)} gates passed"
        _line("evaluated", f"{_blessed(evaluation.blessed)} in {evaluation.run}, {gates}")
        _line("baseline", _baseline(evaluation))
        auc = evaluation.overall.get("video_auc")
        if auc:
            _line("video AUC", _estimate(auc))
    for check in answer.serving_checks:
        findings = f": {'; '.join(check.findings)}" if check.findings else ""
        _line("serving", f"{_blessed(check.blessed)} in {check.run}{findings}")


def _table_of_membership(answer: "Membership") -> None:
    _line(answer.kind, answer.asked)
    _line("videos", f"{len(answer.videos)} in {len(answer.manifests)} recorded manifests")
    _line("no example", _listed(answer.without_example))
    click.echo()
    if not answer.models:
        click.echo("no model saw it")
    else:
        _print_table(
            ("model", "trained in", "splits", "pushed as", "state", "reused by"),
            (
                (
                    m.model_id,
                    m.run,
                    ", ".join(f"{split} {count}" for split, count in m.splits.items()),
                    _listed(m.versions),
                    m.state,
                    _listed(m.reused_by),
                )
                for m in answer.models
            ),
        )
    _warn(answer.unread)


def _table_of_verdict(answer: "Verdict") -> None:
    _line("model", f"{answer.model_id}, pushed as {_listed(answer.versions, 'nothing')}")
    _judgement(answer)
    for push in answer.pushes:
        if not push.pushed:
            _line("not pushed", push.refused_because or "the Pusher does not say why")
    for evaluation in answer.evaluations:
        click.echo()
        _print_table(
            ("gate", "slice", "value", "bound", "baseline", "verdict"),
            (
                (
                    gate.metric,
                    gate.slice_name,
                    _number(gate.value),
                    _number(gate.bound),
                    _number(gate.baseline),
                    "passed" if gate.passed else f"FAILED: {gate.reason}",
                )
                for gate in evaluation.gates
            ),
        )
    _warn(entry.unread for entry in answer.evaluations if entry.unread)
    _warn(check.unread for check in answer.serving_checks if check.unread)


def _baseline(evaluation: "Evaluation") -> str:
    if evaluation.baseline_id is None:
        return "none: no earlier blessed model"
    versions = _listed(evaluation.baseline_versions, "nothing")
    return f"model {evaluation.baseline_id}, pushed as {versions}"


def _flat(value: Any, at: str = "") -> Iterable[Sequence[object]]:
    if isinstance(value, Mapping):
        pairs: Iterable[tuple[object, Any]] = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        yield at, value
        return
    for key, inner in pairs:
        yield from _flat(inner, f"{at}.{key}" if at else str(key))


def _print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    click.echo("\n".join(options.table(rows, header)))


def _line(name: str, text: str) -> None:
    click.echo(f"{name:<{_WIDTH}}  {text}")


def _listed(values: Iterable[str], nothing: str = "-") -> str:
    return ", ".join(values) or nothing


def _blessed(value: bool | None) -> str:
    return {True: "blessed", False: "NOT blessed", None: "not judged"}[value]


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def _estimate(found: Estimate) -> str:
    is_known = found.lower is not None and found.upper is not None
    return f"{found.value:.3f}" + (f" [{found.lower:.3f}, {found.upper:.3f}]" if is_known else "")


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        click.echo(f"deepfake: {message}", err=True)


def comparison(found: "Comparison", form: str) -> str:
    """Two runs side by side."""
    if form == options.JSON:
        return options.as_json(dataclasses.asdict(found))
    if form == options.CSV:
        return options.as_csv(_CHANGE_HEADER, list(_change_rows(found)))
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


def _cells(interval: Estimate | None) -> list[float | None]:
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
            yield from _first(options.table(shown, indent=2))
    changed = [entry for entry in found.metrics if entry.difference != 0]
    same = len(found.metrics) - len(changed)
    yield f"\nmetrics: {len(changed)} changed, {same} the same"
    yield from _metric_lines(changed)
    yield from (f"\nnot compared: {reason}" for reason in found.incomplete)


def _metric_lines(changed: Sequence["MetricChange"]) -> list[str]:
    header = ("slice", "metric", "before", "after", "difference", "intervals")
    rows = []
    for entry in changed:
        difference = "" if entry.difference is None else f"{entry.difference:+.3f}"
        overlap = {None: "", True: "overlap", False: "apart"}[entry.intervals_overlap]
        both = (_interval(entry.before), _interval(entry.after))
        rows.append([entry.slice_name, entry.metric, *both, difference, overlap])
    return options.table(rows, header, indent=2) if changed else []


def _interval(interval: Estimate | None) -> str:
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
    if form == options.JSON:
        return options.as_json(dataclasses.asdict(found))
    if form == options.CSV:
        rows = [(f.code, f.subject, f.message) for f in found.findings]
        return options.as_csv(("code", "subject", "message"), rows)
    remote = f", {found.num_remote} lie elsewhere" if found.num_remote else ""
    seen = f"{found.num_artifacts:,} artifacts with {found.num_digests:,} digests{remote};"
    seen += f" {found.num_executions:,} executions"
    lines = [f"{f.code}: {f.subject}: {f.message}" for f in found.findings]
    ending = f"{len(lines)} findings" if lines else "all is well"
    return "\n".join((*lines, f"{seen}: {ending}"))


def erasure(plan: "ErasurePlan", done: "Erasure | None", form: str) -> str:
    """The plan; once it was carried out, what was done."""
    if form == options.JSON:
        result = None if done is None else dataclasses.asdict(done)
        return options.as_json({"plan": dataclasses.asdict(plan), "done": result})
    if form == options.CSV:
        return options.as_csv(("what", "id", "place", "detail"), list(_plan_rows(plan)))
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
