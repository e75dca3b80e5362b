"""The conclusion on a run in plain words: what came out, is it good enough, and if not, why not.

"Recall" and "AUC" become counts of videos and of pairs, beside the exact sentence of each gate.
"""

import dataclasses
import datetime
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pipeline.dashboards.run import steps
from pipeline.dashboards.sources import RunSources
from pipeline.dashboards.tables import Tone
from pipeline.evaluation import statistics
from schemas import features, names, taxonomy
from schemas.run_report import (
    OVERALL,
    Estimate,
    EvaluationSummary,
    Gate,
    NodeState,
    RunError,
    RunReport,
    SliceSummary,
    Status,
)

# What a run does at a node: "the run stopped while it was ...".
_AT_WORK: Final = {
    names.VIDEO_VALIDATOR: "checking the videos",
    names.FRAME_EXTRACTOR: "finding faces in the videos",
    names.STATISTICS_GEN: "counting what the data holds",
    names.IMPORT_SCHEMA_GEN: "loading the rules for the data",
    names.EXAMPLE_VALIDATOR: "holding the data against its rules",
    names.DATA_GATE: "deciding whether the data may be used",
    names.TRANSFORM: "preparing the data for training",
    names.TRAINER: "training the detector",
    names.LATEST_BLESSED_MODEL: "looking up the last accepted detector",
    names.EVALUATOR: "testing the detector",
    names.SERVING_VALIDATOR: "trying the detector in a server",
    names.PUSHER: "pushing the detector",
}
_REALS: Final = "real videos"
_SLICES: Final = {
    features.MANIPULATION_METHOD: "{} made by {}",
    features.MANIPULATION_TYPE: "{} of the type {}",
    features.DATASET_NAME: "{} of the dataset {}",
    features.COMPRESSION_LEVEL: "{} compressed as {}",
    features.CONTEXT: "{} of the context {}",
    features.VIDEO_CODEC: "{} in the codec {}",
    features.FACE_SIZE_BUCKET: "{} with faces of the size {}",
    features.RESOLUTION_BUCKET: "{} of the resolution {}",
}
_PRISTINE: Final = {
    (features.MANIPULATION_METHOD, taxonomy.PRISTINE_METHOD),
    (features.MANIPULATION_TYPE, taxonomy.PRISTINE_TYPE),
}

_STAYS: Final = "What was pushed before, if anything, stays in use."
_AGAIN: Final = "The same command goes on from there: steps that are done are not done again."


def work_in_words(node: str) -> str:
    """What the run does at a node, as in "while it was ..."."""
    return _AT_WORK.get(node, f"at {node}")


def videos_of(slice_name: str, noun: str) -> str:
    """The videos of a slice: `fakes made by face_swap`; for the overall slice `noun` alone."""
    if slice_name == OVERALL:
        return noun
    for pair in slice_name.split(", "):
        key, _, value = pair.partition(":")
        if (key, value) not in _PRISTINE:  # "real videos made by original" would be odd
            noun = _SLICES.get(key, f"{{}} with {key} {{}}").format(noun, value)
    return noun


def gate_in_words(gate: Gate, entry: SliceSummary | None) -> str:
    """Why a gate held the model back.

    Args:
      gate: A gate that the model did not pass.
      entry: Statistics of the gate's slice; None where it was not evaluated.
    """
    sentence = _SENTENCES.get(gate.metric)
    if gate.value is None or sentence is None or entry is None:
        return f"It could not be judged on all that it must be: {gate.reason}."
    return sentence(gate, gate.value, entry)


def per_hundred(share: float) -> str:
    """A share in [0, 1] as a number out of 100, with a decimal where it needs one."""
    return f"{round(100 * share, 1):g}"


def found_fakes(share: float, num_fakes: int) -> str:
    """`9 of 10`: a share of fakes as videos."""
    return f"{round(share * num_fakes)} of {num_fakes}"


def _recall(gate: Gate, value: float, entry: SliceSummary) -> str:
    size = entry.num_fake_videos
    return (
        f"It found {found_fakes(value, size)} {videos_of(gate.slice_name, 'fakes')};"
        f" at least {math.ceil(gate.bound * size - 1e-9)} were required."
    )


def _specificity(gate: Gate, value: float, entry: SliceSummary) -> str:
    size = entry.num_real_videos
    allowed = math.floor((1 - gate.bound) * size + 1e-9)
    return (
        f"It called {size - round(value * size)} of {size}"
        f" {videos_of(gate.slice_name, _REALS)} fake; at most {allowed} were allowed."
    )


def _auc(gate: Gate, value: float, entry: SliceSummary) -> str:
    among = "" if gate.slice_name == OVERALL else f", {videos_of(gate.slice_name, 'both')},"
    pairs = (
        f"Shown a fake and a real video{among or ','} it gave the fake the higher score"
        f" {per_hundred(value)} times out of 100;"
    )
    if gate.baseline is None:
        return f"{pairs} at least {per_hundred(gate.bound)} were required."
    return (
        f"{pairs} the last accepted detector did so {per_hundred(gate.baseline)} times,"
        f" and at most {per_hundred(-gate.bound)} fewer are allowed."
    )


def _balanced_accuracy(gate: Gate, value: float, entry: SliceSummary) -> str:
    return (
        f"It judged {per_hundred(value)} of 100 videos right, fakes and real ones counted alike;"
        f" at least {per_hundred(gate.bound)} were required."
    )


def _too_few(noun: str) -> Callable[[Gate, float, SliceSummary], str]:
    def sentence(gate: Gate, value: float, entry: SliceSummary) -> str:
        return (
            f"There were only {value:.0f} {noun} to test it on; at least {gate.bound:.0f} are"
            " needed to judge it."
        )

    return sentence


_SENTENCES: Final[Mapping[str, Callable[[Gate, float, SliceSummary], str]]] = {
    statistics.RECALL: _recall,
    statistics.SPECIFICITY: _specificity,
    statistics.AUC: _auc,
    statistics.BALANCED_ACCURACY: _balanced_accuracy,
    statistics.NUM_FAKE_VIDEOS: _too_few("fakes"),
    statistics.NUM_REAL_VIDEOS: _too_few(_REALS),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reason:
    """Why nothing was pushed: in plain words, and as the report has it."""

    plain: str
    exact: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conclusion:
    """The top of the page.

    Attributes:
      tone: Colour of the badge: `good`, `bad`, `warn`, or empty for neutral.
      badge: The outcome in capitals, as the command line says it.
      headline: The outcome in a sentence that needs no knowledge of models.
      sentences: What it means; for a tested detector, what it got right and wrong.
      reasons: Why nothing was pushed; empty where something was, or the run goes on.
      error: Why the run stopped; None unless it failed.
      progress: Share of the steps that are done, in [0, 1]; None where the run has ended.
    """

    tone: Tone
    badge: str
    headline: str
    sentences: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    error: RunError | None = None
    progress: float | None = None


def of_run(sources: RunSources) -> Conclusion:
    """The conclusion on a run, or how far it is."""
    if sources.is_running:
        return _running(sources)
    report = sources.report
    if report.pushed:
        return _pushed(report, report.pushed.version)
    build = {
        Status.FAILED: _failed,
        Status.INTERRUPTED: _interrupted,
        Status.PARTIAL: _partial,
    }.get(report.status, _not_blessed)
    return build(report)


def _pushed(report: RunReport, version: str) -> Conclusion:
    evaluation = report.evaluation
    held = len(evaluation.gates) if evaluation else 0
    sentences = [f"It met every requirement that a detector must meet ({held})."] if held else []
    if _took_model_from_cache(report):
        sentences.append("It was not trained anew: an earlier run had made it.")
    if evaluation and evaluation.has_baseline:
        sentences.append("It was also held against the last accepted detector.")
    return Conclusion(
        tone="good",
        badge=f"PUSHED version {version}",
        headline=f"The detector of this run is good enough: it was pushed as version {version}.",
        sentences=(*_tested(evaluation), *sentences),
    )


def _took_model_from_cache(report: RunReport) -> bool:
    return any(node.id == names.TRAINER and node.state is NodeState.CACHED for node in report.nodes)


def _not_blessed(report: RunReport) -> Conclusion:
    blessed = report.blessed
    if blessed.model is False and blessed.infra is False:
        headline = "The detector is not good enough and failed its trial in a server"
    elif blessed.model is False:
        headline = "The detector of this run is not good enough"
    elif blessed.infra is False:
        headline = "The detector passed its test, but failed its trial in a server"
    else:
        headline = "The detector of this run was held back"
    return Conclusion(
        tone="bad",
        badge="NOTHING WAS PUSHED",
        headline=f"{headline}: it was not pushed.",
        sentences=(*_tested(report.evaluation), _STAYS),
        reasons=tuple(_reasons(report)),
    )


def _failed(report: RunReport) -> Conclusion:
    error = report.error
    node = error.node if error else _broke_off_at(report)
    if error and node == names.DATA_GATE:
        headline = "The data was refused before anything was learnt from it."
    elif node:
        headline = f"The run broke off while it was {work_in_words(node)}."
    else:
        headline = "The run broke off."
    why = () if error else ("It did not say why: its process may have been killed.",)
    return Conclusion(
        tone="bad",
        badge="FAILED, NOTHING WAS PUSHED",
        headline=f"{headline} Nothing was pushed.",
        sentences=(*why, *_tested(report.evaluation), _STAYS),
        error=error,
    )


def _broke_off_at(report: RunReport) -> str:
    """The node that a run was at when it was killed; empty if it was at none."""
    left = (node.id for node in report.nodes if node.state is NodeState.RUNNING)
    return next(left, "")


def _interrupted(report: RunReport) -> Conclusion:
    stopped = [node.id for node in report.nodes if node.state is NodeState.INTERRUPTED]
    doing = f" while it was {work_in_words(stopped[0])}" if stopped else ""
    return Conclusion(
        tone="warn",
        badge="INTERRUPTED, NOTHING WAS PUSHED",
        headline=f"The run was stopped{doing}. Nothing was pushed.",
        sentences=(*_tested(report.evaluation), _AGAIN, _STAYS),
        error=report.error,
    )


def _partial(report: RunReport) -> Conclusion:
    return Conclusion(
        tone="warn",
        badge="FINISHED AS FAR AS ASKED, NOTHING WAS PUSHED",
        headline="Asked for some of its steps only, the run did them. Nothing was pushed.",
        sentences=(*_tested(report.evaluation), _STAYS),
    )


def _running(sources: RunSources) -> Conclusion:
    state = sources.state
    nodes = list(state.nodes.values())
    at_work = state.running
    done = sum(node.state not in (NodeState.WAITING, NodeState.RUNNING) for node in nodes)
    if at_work is not None:
        number = nodes.index(at_work) + 1
        doing = work_in_words(at_work.id)
        headline = f"The run is {doing}: step {number} of {len(nodes)}."
    elif nodes:
        headline = f"The run goes on: {done} of {len(nodes)} steps are done."
    else:
        headline = "The run is being prepared."
    heard = datetime.datetime.fromtimestamp(state.ended, datetime.timezone.utc)
    sentences = [steps.progress_of(at_work)] if at_work is not None and at_work.progress else []
    share = (done + (steps.fraction_of(at_work) if at_work else 0.0)) / len(nodes) if nodes else 0.0
    return Conclusion(
        tone="",
        badge="RUNNING",
        headline=headline,
        sentences=(
            *sentences,
            *_tested(sources.report.evaluation),
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
        f" {found_fakes(recall.value, fakes)} fakes and called {alarms or 'none'} of {reals}"
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


def _reasons(report: RunReport) -> Iterator[Reason]:
    evaluation = report.evaluation
    slices = {entry.name: entry for entry in evaluation.slices} if evaluation else {}
    gates = evaluation.broken if evaluation else ()
    for gate in gates:
        yield Reason(plain=gate_in_words(gate, slices.get(gate.slice_name)), exact=gate.reason)
    of_gates = {f"model: {gate.reason}" for gate in gates}
    for reason in report.not_pushed_because:
        if reason in of_gates:
            continue
        kind, colon, text = reason.partition(": ")
        if kind == "serving" and colon:
            yield Reason(plain="It did not work as it must in a server.", exact=text)
        else:
            yield Reason(plain=f"{reason[:1].upper()}{reason[1:]}.")
