"""The run report, `summary.json`: what went in, what came out, and what was pushed or why not.

It is worked out of the run's journal alone, so that every run has one, however it ended.
"""

import collections
import datetime
import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final

from pipeline.runs.events import NodeState, Outcome
from pipeline.runs.state import RunState
from schemas import files

PUSHED: Final = "pushed"
NOT_BLESSED: Final = "not_blessed"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"
PARTIAL: Final = "partial"  # finished as far as --to asked, before Pusher

EXIT_STATUS: Final = {PUSHED: 0, PARTIAL: 0, FAILED: 1, NOT_BLESSED: 3, INTERRUPTED: 130}


def summarize(state: RunState, *, run_dir: pathlib.Path, log: pathlib.Path) -> dict[str, Any]:
    """Builds the report of a run.

    Args:
      state: All events of the run; its first event must be among them.
      run_dir: Folder of the run.
      log: File that holds the output of its processes.

    Returns:
      JSON values: `run_id`, `pipeline`, `notice`, `status`, `started`, `finished` (ISO 8601),
      `seconds`, `nodes`, `videos`, `splits`, `metrics`, `gates`, `baseline_compared`,
      `blessed`, `pushed`, `not_pushed_because`, `error`, `run_dir`, `log`. What the run did
      not reach is null or empty.
    """
    if state.start is None:
        raise ValueError(f"the journal of {run_dir} does not tell how the run started")
    facts = _Facts(state)
    status = _status(state, facts)
    evaluation = facts.find("evaluation")
    return {
        "run_id": state.start.run_id,
        "pipeline": state.start.pipeline,
        "notice": state.start.notice,
        "status": status,
        "started": _iso(state.start.time),
        "finished": _iso(state.ended),
        "seconds": round(state.ended - state.start.time, 1),
        "nodes": [
            {"id": node.id, "state": node.state.value, "seconds": round(node.seconds, 2)}
            for node in state.nodes.values()
        ],
        "videos": facts.videos(),
        "splits": facts.splits(state.start.num_clips),
        "metrics": _metrics(evaluation),
        "gates": list(evaluation.get("gates", ())),
        "baseline_compared": evaluation.get("has_baseline"),
        "blessed": _blessed(facts),
        "pushed": _pushed(facts) if status == PUSHED else None,
        "not_pushed_because": [] if status == PUSHED else _why_not(state, facts),
        "error": _error(state),
        "run_dir": str(run_dir),
        "log": str(log),
    }


def write(path: pathlib.Path, summary: Mapping[str, Any]) -> None:
    """Writes the report as JSON; whoever reads sees all of it or none."""
    files.write(path, json.dumps(summary, indent=2) + "\n")


class _Facts:
    """What the nodes said of their outputs, in the order of execution."""

    def __init__(self, state: RunState) -> None:
        self._all = [node.facts for node in state.nodes.values()]

    def find(self, key: str) -> Mapping[str, Any]:
        """The first node's facts under `key`; empty if there are none."""
        return next((facts[key] for facts in self._all if key in facts), {})

    def videos(self) -> dict[str, Any] | None:
        """Videos that came in, were rejected (by code, over all stages) and are left."""
        letters = [facts["letters"] for facts in self._all if "letters" in facts]
        if not letters:
            return None
        rejected: collections.Counter[str] = collections.Counter()
        for stage in letters:
            rejected.update(stage["by_code"])
        # The later stages look only at what the first let through.
        num_in = max(stage["num_inputs"] for stage in letters)
        return {
            "in": num_in,
            "accepted": num_in - rejected.total(),
            "rejected": dict(sorted(rejected.items())),
        }

    def splits(self, num_clips: int) -> dict[str, dict[str, int]]:
        """Videos, tracks and clips by split."""
        return {
            split: {**counts, "clips": counts["tracks"] * num_clips}
            for split, counts in self.find("tracks").items()
        }


def _status(state: RunState, facts: _Facts) -> str:
    if state.outcome is Outcome.INTERRUPTED:
        return INTERRUPTED
    if state.outcome is not Outcome.FINISHED:
        return FAILED
    push = facts.find("push")
    if push.get("pushed") and push.get("present"):
        return PUSHED
    skipped = any(node.state is NodeState.SKIPPED for node in state.nodes.values())
    return PARTIAL if skipped and not push else NOT_BLESSED


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    if not evaluation:
        return None
    first, *others = evaluation["slices"] or [None]
    return {"overall": first, "slices": others}


def _blessed(facts: _Facts) -> dict[str, Any]:
    return {
        "model": facts.find("model_blessing").get("blessed"),
        "infra": facts.find("infra_blessing").get("blessed"),
        "reasons": _gate_reasons(facts),
    }


def _gate_reasons(facts: _Facts) -> list[str]:
    model = [
        gate["reason"] for gate in facts.find("evaluation").get("gates", ()) if not gate["passed"]
    ]
    infra = facts.find("infra_blessing")
    return [f"model: {reason}" for reason in model] + [
        f"serving: {reason}" for reason in infra.get("reasons", ()) if not infra["blessed"]
    ]


def _pushed(facts: _Facts) -> dict[str, str]:
    push = facts.find("push")
    return {"version": push["version"], "path": push["path"]}


def _why_not(state: RunState, facts: _Facts) -> list[str]:
    """Why nothing was pushed; never empty."""
    push = facts.find("push")
    if state.outcome is Outcome.INTERRUPTED:
        return ["the run was interrupted"]
    if state.outcome is not Outcome.FINISHED:
        return [f"{state.error.node or 'the run'} failed" if state.error else "the run died"]
    if push.get("pushed"):
        return [f"version {push['version']} was pushed earlier, but {push['path']} is gone"]
    reasons = _gate_reasons(facts)
    if not reasons and push.get("refused_because"):
        reasons = [push["refused_because"]]
    if not reasons and not push:
        reasons = ["Pusher was not among the nodes to run"]
    return reasons or ["Pusher gave no reason"]


def _error(state: RunState) -> dict[str, str] | None:
    if state.error is None:
        return None
    names = ("node", "type", "code", "message", "advice")
    return {name: getattr(state.error, name) for name in names}


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="seconds")
