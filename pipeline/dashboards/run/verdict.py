"""What came out of a run, whether it is good enough, and if not why not: before any jargon."""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline.dashboards.run import evaluated, plain, steps
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Tone
from pipeline.evaluation import statistics
from pipeline.evaluation.summary import Estimate, EvaluationSummary
from pipeline.journal.events import NodeState
from pipeline.reports import run_report

RUNNING: Final = "running"  # beside the states of a run report
_DATA_GATE: Final = "DataGate"
_STAYS: Final = "What was released before, if anything, stays in use."
_TRAINER: Final = "Trainer"
_AGAIN: Final = "The same command goes on from there: steps that are done are not done again."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reason:
    """Why nothing was released: in plain words, and as the report has it."""

    plain: str
    exact: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The top of the page.

    Attributes:
      tone: How it is coloured.
      badge: The outcome in capitals, as the command line says it.
      headline: The outcome in a sentence that needs no knowledge of models.
      sentences: What it means; for a tested detector, what it got right and wrong.
      reasons: Why nothing was released; empty where something was, or the run goes on.
      error: Of a failed run; as `RunState.error`, as a mapping.
      progress: Share of the steps that are done, in [0, 1]; None where the run has ended.
    """

    tone: Tone
    badge: str
    headline: str
    sentences: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    error: Mapping[str, str] | None = None
    progress: float | None = None


def of(sources: RunSources) -> Verdict:
    """The verdict on a run, or how far it is."""
    if sources.is_running:
        return _running(sources)
    report = sources.summary
    evaluation = evaluated.of(report)
    build = {
        run_report.PUSHED: _pushed,
        run_report.NOT_BLESSED: _not_blessed,
        run_report.FAILED: _failed,
        run_report.INTERRUPTED: _interrupted,
        run_report.PARTIAL: _partial,
    }[report["status"]]
    return build(report, evaluation)


def _pushed(report: Mapping[str, Any], evaluation: EvaluationSummary | None) -> Verdict:
    version = report["pushed"]["version"]
    held = len(report["gates"])
    sentences = [f"It met every requirement that a detector must meet ({held})."] if held else []
    if _took_model_from_cache(report):
        sentences.append("It was not trained anew: an earlier run had made it.")
    if report["baseline_compared"]:
        sentences.append("It was also held against the last accepted detector.")
    return Verdict(
        tone="good",
        badge=f"PUSHED version {version}",
        headline=f"The detector of this run is good enough: it was released as version {version}.",
        sentences=(*_tested(evaluation), *sentences),
    )


def _took_model_from_cache(report: Mapping[str, Any]) -> bool:
    states = {node["id"]: node["state"] for node in report["nodes"]}
    return states.get(_TRAINER) == NodeState.CACHED


def _not_blessed(report: Mapping[str, Any], evaluation: EvaluationSummary | None) -> Verdict:
    blessed = report["blessed"]
    if blessed["model"] is False and blessed["infra"] is False:
        headline = "The detector is not good enough and failed its trial in a server"
    elif blessed["model"] is False:
        headline = "The detector of this run is not good enough"
    elif blessed["infra"] is False:
        headline = "The detector passed its test, but failed its trial in a server"
    else:
        headline = "The detector of this run was held back"
    return Verdict(
        tone="bad",
        badge="NOTHING WAS PUSHED",
        headline=f"{headline}: it was not released.",
        sentences=(*_tested(evaluation), _STAYS),
        reasons=tuple(_reasons(report, evaluation)),
    )


def _failed(report: Mapping[str, Any], evaluation: EvaluationSummary | None) -> Verdict:
    error = report["error"]
    node = error["node"] if error else _broke_off_at(report)
    if error and node == _DATA_GATE:
        headline = "The data was refused before anything was learnt from it."
    elif node:
        headline = f"The run broke off while it was {plain.at_work(node)}."
    else:
        headline = "The run broke off."
    why = () if error else ("It did not say why: its process may have been killed.",)
    return Verdict(
        tone="bad",
        badge="FAILED, NOTHING WAS PUSHED",
        headline=f"{headline} Nothing was released.",
        sentences=(*why, *_tested(evaluation), _STAYS),
        error=error,
    )


def _broke_off_at(report: Mapping[str, Any]) -> str:
    """The node that a run was at when it was killed; empty if it was at none."""
    left = (node["id"] for node in report["nodes"] if node["state"] == NodeState.RUNNING)
    return next(left, "")


def _interrupted(report: Mapping[str, Any], evaluation: EvaluationSummary | None) -> Verdict:
    stopped = [node["id"] for node in report["nodes"] if node["state"] == NodeState.INTERRUPTED]
    doing = f" while it was {plain.at_work(stopped[0])}" if stopped else ""
    return Verdict(
        tone="warn",
        badge="INTERRUPTED, NOTHING WAS PUSHED",
        headline=f"The run was stopped{doing}. Nothing was released.",
        sentences=(*_tested(evaluation), _AGAIN, _STAYS),
        error=report["error"],
    )


def _partial(report: Mapping[str, Any], evaluation: EvaluationSummary | None) -> Verdict:
    return Verdict(
        tone="warn",
        badge="FINISHED AS FAR AS ASKED, NOTHING WAS PUSHED",
        headline="Asked for some of its steps only, the run did them. Nothing was released.",
        sentences=(*_tested(evaluation), _STAYS),
    )


def _running(sources: RunSources) -> Verdict:
    state = sources.state
    nodes = list(state.nodes.values())
    at_work = state.running
    done = sum(node.state not in (NodeState.WAITING, NodeState.RUNNING) for node in nodes)
    if at_work is not None:
        number = nodes.index(at_work) + 1
        doing = plain.at_work(at_work.id)
        headline = f"The run is {doing}: step {number} of {len(nodes)}."
    elif nodes:
        headline = f"The run goes on: {done} of {len(nodes)} steps are done."
    else:
        headline = "The run is being prepared."
    heard = datetime.datetime.fromtimestamp(state.ended, datetime.timezone.utc)
    sentences = [steps.progress_of(at_work)] if at_work is not None and at_work.progress else []
    share = (done + (steps.fraction_of(at_work) if at_work else 0.0)) / len(nodes) if nodes else 0.0
    return Verdict(
        tone="",
        badge="RUNNING",
        headline=headline,
        sentences=(
            *sentences,
            *_tested(evaluated.of(sources.summary)),
            f"Last heard of on {heard:%d %B %Y at %H:%M:%S} UTC.",
        ),
        progress=share,
    )


def _tested(evaluation: EvaluationSummary | None) -> Iterator[str]:
    """What the detector got right and wrong, and how much of that may be chance."""
    overall = evaluation.overall if evaluation else None
    if overall is None:
        return
    recall = overall.metrics.get(statistics.RECALL)
    specificity = overall.metrics.get(statistics.SPECIFICITY)
    if recall is None or specificity is None:
        return
    fakes, reals = overall.num_fake_videos, overall.num_real_videos
    alarms = reals - round(specificity.value * reals)
    yield (
        f"On {overall.num_videos} videos that it had never seen, it found"
        f" {plain.found_fakes(recall.value, fakes)} fakes and called {alarms or 'none'} of {reals}"
        " real videos fake."
    )
    yield from _by_chance(overall.num_videos, recall, specificity)


def _by_chance(num_videos: int, recall: Estimate, specificity: Estimate) -> Iterator[str]:
    bounds = (recall.lower, recall.upper, specificity.lower, specificity.upper)
    if None in bounds:
        return
    low, high, least, most = (bound for bound in bounds if bound is not None)
    yield (
        f"A test on {num_videos} videos leaves room for chance: the true share of fakes that it"
        f" finds may be anything from {_percent(low)} to {_percent(high)}, that of false alarms"
        f" from {_percent(1 - most)} to {_percent(1 - least)}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _reasons(report: Mapping[str, Any], evaluation: EvaluationSummary | None) -> Iterator[Reason]:
    slices = {entry.name: entry for entry in evaluation.slices} if evaluation else {}
    gates = [gate for gate in evaluation.gates if not gate.passed] if evaluation else []
    for gate in gates:
        yield Reason(plain=plain.gate(gate, slices.get(gate.slice_name)), exact=gate.reason)
    said: Sequence[str] = report["not_pushed_because"]
    of_gates = {f"model: {gate.reason}" for gate in gates}
    for reason in said:
        if reason in of_gates:
            continue
        kind, colon, text = reason.partition(": ")
        if kind == "serving" and colon:
            yield Reason(plain="It did not work as it must in a server.", exact=text)
        else:
            yield Reason(plain=f"{reason[:1].upper()}{reason[1:]}.")
