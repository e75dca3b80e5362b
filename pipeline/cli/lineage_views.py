"""Answers about lineage on the screen: tables for people, JSON and CSV for programs."""

import csv
import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from pipeline.lineage.membership import Membership
    from pipeline.lineage.show import Provenance
    from pipeline.lineage.verdicts import Evaluation, Verdict

TABLE: Final = "table"
JSON: Final = "json"
CSV: Final = "csv"
FORMS: Final = (TABLE, JSON, CSV)

Row = Sequence[object]
_WIDTH: Final = 18  # of the names at the left
_DIGITS: Final = 12  # of a digest, for people


def provenance(answer: "Provenance", form: str) -> None:
    """Prints what made a model; CSV has one line for each fact."""
    if form == TABLE:
        _table_of_provenance(answer)
    elif form == CSV:
        print_csv(("fact", "value"), _flat(dataclasses.asdict(answer)))
    else:
        print_json(answer)


def membership(answer: "Membership", form: str) -> None:
    """Prints who saw a video; CSV has one line for each model and split."""
    if form == TABLE:
        _table_of_membership(answer)
    elif form == CSV:
        header = ("model_id", "run", "split", "num_videos", "versions", "state", "reused_by")
        print_csv(
            header,
            (
                (m.model_id, m.run, split, n, " ".join(m.versions), m.state, " ".join(m.reused_by))
                for m in answer.models
                for split, n in m.splits.items()
            ),
        )
        _warn(answer.unread)
    else:
        print_json(answer)


def verdict(answer: "Verdict", form: str) -> None:
    """Prints why a model was blessed or not; CSV has one line for each gate."""
    if form == TABLE:
        _table_of_verdict(answer)
    elif form == CSV:
        header = ("run", "metric", "slice", "value", "bound", "baseline", "passed", "reason")
        rows = (
            (e.run, g.metric, g.slice_name, g.value, g.bound, g.baseline, g.passed, g.reason)
            for e in answer.evaluations
            for g in e.gates
        )
        print_csv(header, rows)
        _warn(entry.unread for entry in answer.evaluations if entry.unread)
    else:
        print_json(answer)


def print_json(answer: Any) -> None:
    """Prints a dataclass as JSON."""
    click.echo(json.dumps(dataclasses.asdict(answer), indent=2, default=str))


def print_csv(header: Row, rows: Iterable[Row]) -> None:
    """Prints rows as CSV, None as an empty cell."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def print_table(header: Sequence[str], rows: Iterable[Row]) -> None:
    """Prints rows below a header, each column as wide as it needs; None is a dash."""
    cells = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    for line in (header, *cells):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


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
    print_table(
        ("node", "run", "state", "began", "code"),
        (
            (s.node, s.run, s.state, s.began, s.code_fingerprint[:_DIGITS] or None)
            for s in answer.steps
        ),
    )
    click.echo()
    rows = ((a.type, a.artifact_id, a.state, a.uri) for a in answer.artifacts)
    print_table(("artifact", "id", "state", "files"), rows)
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
        print_table(
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
        print_table(
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


def _flat(value: Any, at: str = "") -> Iterable[Row]:
    if isinstance(value, Mapping):
        pairs: Iterable[tuple[object, Any]] = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        yield at, value
        return
    for key, inner in pairs:
        yield from _flat(inner, f"{at}.{key}" if at else str(key))


def _line(name: str, text: str) -> None:
    click.echo(f"{name:<{_WIDTH}}  {text}")


def _listed(values: Iterable[str], nothing: str = "-") -> str:
    return ", ".join(values) or nothing


def _blessed(value: bool | None) -> str:
    return {True: "blessed", False: "NOT blessed", None: "not judged"}[value]


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def _estimate(values: Mapping[str, float | None]) -> str:
    value, lower, upper = (values.get(name) for name in ("value", "lower", "upper"))
    bounds = "" if lower is None or upper is None else f" [{lower:.3f}, {upper:.3f}]"
    return f"{value:.3f}{bounds}"


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        click.echo(f"deepfake: {message}", err=True)
