"""RunReport: what a run came to, and its JSON form, the `summary.json` of the run's folder.

What went in, what the evaluation found, and what was pushed or why not. Pages, lineage and the
command line take these types; nobody else knows the keys of the file.
"""

import dataclasses
import datetime
import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

FILE_NAME: Final = "summary.json"  # of a run's folder
OVERALL: Final = "overall"


class Status(str, enum.Enum):
    """How a run ended."""

    PUSHED = "pushed"
    NOT_BLESSED = "not_blessed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PARTIAL = "partial"  # finished as far as --to asked, before Pusher


EXIT_STATUS: Final[Mapping[Status, int]] = {
    Status.PUSHED: 0,
    Status.PARTIAL: 0,
    Status.FAILED: 1,
    Status.NOT_BLESSED: 3,
    Status.INTERRUPTED: 130,
}


class NodeState(str, enum.Enum):
    """State of a node of the graph in one run."""

    WAITING = "waiting"
    RUNNING = "running"
    RAN = "ran"
    CACHED = "cached"
    SKIPPED = "skipped"  # outside --from/--to; its earlier outputs are used where needed
    FAILED = "failed"
    INTERRUPTED = "interrupted"


def slice_name(key: Iterable[tuple[str, str]]) -> str:
    """The name of a slice: of its pairs of feature key and value; without any, `OVERALL`."""
    return ", ".join(f"{feature}:{value}" for feature, value in key) or OVERALL


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A statistic and its interval; never NaN, undefined statistics are absent.

    Attributes:
      value: The statistic over the sample.
      lower: Lower bound of the interval; None where the sample cannot tell it.
      upper: Upper bound of the interval; None where the sample cannot tell it.
    """

    value: float
    lower: float | None
    upper: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SliceSummary:
    """Statistics of one slice.

    Attributes:
      name: `overall`, or `feature key:value`.
      num_videos: Videos in the slice.
      num_fake_videos: Fake videos in the slice.
      num_real_videos: Real videos in the slice.
      metrics: Statistics over videos, by the names of `pipeline.evaluation.statistics.RATES`.
      track_metrics: TFMA's stock metrics, over tracks, by their TFMA names.
    """

    name: str
    num_videos: int
    num_fake_videos: int
    num_real_videos: int
    metrics: Mapping[str, Estimate]
    track_metrics: Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate:
    """One threshold held against one slice.

    Attributes:
      metric: Name of the statistic.
      slice_name: Name of the slice, as in `SliceSummary.name`.
      value: The candidate's statistic; None where it is undefined or the slice is missing.
      bound: Least value; of a change gate, least difference to the baseline (0 or below).
      baseline: The baseline's value, of a change gate; None of any other gate.
      passed: Whether TFMA judged that the value reaches the threshold.
      reason: The judgement in a sentence.
    """

    metric: str
    slice_name: str
    value: float | None
    bound: float
    baseline: float | None
    passed: bool
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationSummary:
    """One evaluation.

    Attributes:
      blessed: Whether no gate is broken.
      has_baseline: Whether the change gate was applied; without a blessed model it is skipped.
      slices: Slices, the overall one first, the others by name.
      gates: All gates that applied, broken ones first.
    """

    blessed: bool
    has_baseline: bool
    slices: tuple[SliceSummary, ...]
    gates: tuple[Gate, ...]

    @property
    def overall(self) -> SliceSummary | None:
        """The overall slice; None if nothing was evaluated."""
        return next((entry for entry in self.slices if entry.name == OVERALL), None)

    @property
    def broken(self) -> tuple[Gate, ...]:
        """The gates that the candidate did not pass."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the candidate was not blessed; empty if it was."""
        return tuple(gate.reason for gate in self.broken)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "EvaluationSummary":
        """The evaluation that `dataclasses.asdict` took apart, as journals hold it.

        Raises:
          KeyError: A part is missing.
          TypeError: A part is not what it must be.
        """
        return cls(
            blessed=values["blessed"],
            has_baseline=values["has_baseline"],
            slices=tuple(_slice(entry) for entry in values["slices"]),
            gates=tuple(Gate(**gate) for gate in values["gates"]),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeResult:
    """What became of one node of the graph.

    Attributes:
      id: Id of the node in the graph.
      state: State of the node when the run ended.
      seconds: Time of driver, executor and publisher together, in seconds.
    """

    id: str
    state: NodeState
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoCounts:
    """How many videos went in.

    Attributes:
      num_in: Videos that came in.
      num_accepted: Videos that no stage rejected.
      rejected: Videos that were rejected, by dead-letter code, over all stages.
    """

    num_in: int
    num_accepted: int
    rejected: Mapping[str, int]

    @property
    def num_rejected(self) -> int:
        """Videos that any stage rejected."""
        return sum(self.rejected.values())


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitCounts:
    """What one split holds.

    Attributes:
      videos: Videos with a usable face.
      tracks: Face tracks of these videos.
      clips: Clips of these tracks.
    """

    videos: int
    tracks: int
    clips: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blessings:
    """What Pusher asks for.

    Attributes:
      model: Whether the candidate passed its gates; None where it was not evaluated.
      infra: Whether it worked in a model server; None where that was not tried.
      reasons: What speaks against a push; each begins with `model: ` or `serving: `.
    """

    model: bool | None = None
    infra: bool | None = None
    reasons: tuple[str, ...] = ()

    @property
    def both(self) -> bool | None:
        """Whether nothing speaks against a push; None where one of the two was not judged."""
        if False in (self.model, self.infra):
            return False
        return None if None in (self.model, self.infra) else True


@dataclasses.dataclass(frozen=True, kw_only=True)
class PushedVersion:
    """What a run pushed.

    Attributes:
      version: Number of the version, as text.
      path: Folder of the version.
    """

    version: str
    path: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunError:
    """Why a run stopped.

    Attributes:
      node: Id of the node that failed; empty if none was running.
      type: Class of the error.
      code: Stable code of the error; empty where it has none.
      message: What was found, for a person.
      advice: What to do next.
    """

    node: str
    type: str
    code: str
    message: str
    advice: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run came to. What it did not reach is None or empty.

    Attributes:
      run_id: Also the pipeline run id in ML Metadata.
      pipeline: Name of the pipeline.
      notice: What must be said of the figures; empty if nothing.
      status: How the run ended; of a run that goes on, how it would have ended now.
      started: Time of the first event, in whole seconds, with a time zone.
      finished: Time of the last event, in whole seconds, with a time zone.
      seconds: Time between the two, to a tenth of a second.
      nodes: Every node of the graph, in the order of execution.
      videos: How many videos came in, and which were rejected.
      splits: What each split holds, by name of the split.
      evaluation: Statistics and gates of the candidate; `blessed` is that of `blessed.model`.
      blessed: What was judged of the candidate.
      pushed: What was pushed.
      not_pushed_because: Why nothing was pushed; empty only where something was.
      error: Why the run stopped, where it failed.
      run_dir: Folder of the run.
      log: File that holds the output of the run's processes.
      missing: Keys that the file lacks from which the report was read: it is of an older version.
    """

    run_id: str
    pipeline: str
    status: Status
    started: datetime.datetime
    finished: datetime.datetime
    seconds: float
    notice: str = ""
    nodes: tuple[NodeResult, ...] = ()
    videos: VideoCounts | None = None
    splits: Mapping[str, SplitCounts] = dataclasses.field(default_factory=dict)
    evaluation: EvaluationSummary | None = None
    blessed: Blessings = Blessings()
    pushed: PushedVersion | None = None
    not_pushed_because: tuple[str, ...] = ()
    error: RunError | None = None
    run_dir: str = ""
    log: str = ""
    missing: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The text of the file, without the line end; it lacks the keys that are `missing`."""
        values = _to_values(self)
        return json.dumps(
            {key: value for key, value in values.items() if key not in self.missing}, indent=2
        )

    @classmethod
    def from_json(cls, text: str) -> "RunReport":
        """The report in the text of the file.

        A key of the file that this version does not know is left out; one that it lacks, because
        it is of an older version, counts as not reached and is named in `missing`.

        Raises:
          ValueError: The text is no report.
        """
        values = json.loads(text)
        try:
            missing = tuple(key for key in _NOT_REACHED if key not in values)
            return _from_values({**_NOT_REACHED, **values}, missing)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a run report: {type(error).__name__}: {error}") from error


# What a report of an older version says where it lacks a key; the other keys it must have.
_NOT_REACHED: Final[Mapping[str, Any]] = {
    "notice": "",
    "nodes": (),
    "videos": None,
    "splits": {},
    "metrics": None,
    "gates": (),
    "baseline_compared": None,
    "blessed": {},
    "pushed": None,
    "not_pushed_because": (),
    "error": None,
    "run_dir": "",
    "log": "",
}


def _to_values(report: RunReport) -> dict[str, Any]:
    """The keys of the file, in the order of the file."""
    evaluation = report.evaluation
    return {
        "run_id": report.run_id,
        "pipeline": report.pipeline,
        "notice": report.notice,
        "status": report.status.value,
        "started": report.started.isoformat(timespec="seconds"),
        "finished": report.finished.isoformat(timespec="seconds"),
        "seconds": report.seconds,
        "nodes": [
            {"id": node.id, "state": node.state.value, "seconds": node.seconds}
            for node in report.nodes
        ],
        "videos": _videos_to_values(report.videos),
        "splits": {name: dataclasses.asdict(split) for name, split in report.splits.items()},
        "metrics": _metrics_to_values(evaluation),
        "gates": [dataclasses.asdict(gate) for gate in evaluation.gates] if evaluation else [],
        "baseline_compared": evaluation.has_baseline if evaluation else None,
        "blessed": {**dataclasses.asdict(report.blessed), "reasons": [*report.blessed.reasons]},
        "pushed": dataclasses.asdict(report.pushed) if report.pushed else None,
        "not_pushed_because": [*report.not_pushed_because],
        "error": dataclasses.asdict(report.error) if report.error else None,
        "run_dir": report.run_dir,
        "log": report.log,
    }


def _videos_to_values(videos: VideoCounts | None) -> dict[str, Any] | None:
    if videos is None:
        return None
    return {
        "in": videos.num_in,
        "accepted": videos.num_accepted,
        "rejected": dict(videos.rejected),
    }


def _metrics_to_values(evaluation: EvaluationSummary | None) -> dict[str, Any] | None:
    if evaluation is None:
        return None
    slices = [dataclasses.asdict(entry) for entry in evaluation.slices]
    return {"overall": slices[0] if slices else None, "slices": slices[1:]}


def _from_values(values: Mapping[str, Any], missing: tuple[str, ...]) -> RunReport:
    videos, pushed, error = values["videos"], values["pushed"], values["error"]
    blessed = Blessings(**{**values["blessed"], "reasons": _reasons(values["blessed"])})
    return RunReport(
        run_id=values["run_id"],
        pipeline=values["pipeline"],
        notice=values["notice"],
        status=Status(values["status"]),
        started=datetime.datetime.fromisoformat(values["started"]),
        finished=datetime.datetime.fromisoformat(values["finished"]),
        seconds=values["seconds"],
        nodes=tuple(
            NodeResult(id=node["id"], state=NodeState(node["state"]), seconds=node["seconds"])
            for node in values["nodes"]
        ),
        videos=_videos_from_values(videos) if videos else None,
        splits={name: SplitCounts(**split) for name, split in values["splits"].items()},
        evaluation=_evaluation_from_values(values, blessed),
        blessed=blessed,
        pushed=PushedVersion(**pushed) if pushed else None,
        not_pushed_because=tuple(values["not_pushed_because"]),
        error=RunError(**error) if error else None,
        run_dir=values["run_dir"],
        log=values["log"],
        missing=missing,
    )


def _reasons(blessed: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(blessed.get("reasons", ()))


def _videos_from_values(videos: Mapping[str, Any]) -> VideoCounts:
    return VideoCounts(
        num_in=videos["in"], num_accepted=videos["accepted"], rejected=videos["rejected"]
    )


def _evaluation_from_values(
    values: Mapping[str, Any], blessed: Blessings
) -> EvaluationSummary | None:
    metrics = values["metrics"]
    if not metrics:
        return None
    overall = [metrics["overall"]] if metrics["overall"] else []
    return EvaluationSummary.from_mapping(
        {
            "blessed": bool(blessed.model),
            "has_baseline": bool(values["baseline_compared"]),
            "slices": [*overall, *metrics["slices"]],
            "gates": values["gates"],
        }
    )


def _slice(entry: Mapping[str, Any]) -> SliceSummary:
    metrics = {name: Estimate(**estimate) for name, estimate in entry["metrics"].items()}
    return SliceSummary(**{**entry, "metrics": metrics})
