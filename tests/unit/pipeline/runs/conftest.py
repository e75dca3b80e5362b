"""The facts of a made run, and its state."""

import pytest

from pipeline.runs import events
from pipeline.runs.events import NodeState, Outcome
from pipeline.runs.state import RunState


def estimate(value):
    return {"value": value, "lower": value - 0.05, "upper": value + 0.04}


def gate(reason, *, passed):
    judged = {"metric": "m", "slice_name": "overall", "value": 0.5, "bound": 0.8, "baseline": None}
    return {**judged, "passed": passed, "reason": reason}


def evaluation(*reasons, has_baseline=False):
    """An evaluation on which every reason is a broken gate."""
    overall = {
        "name": "overall",
        "num_videos": 27,
        "num_fake_videos": 18,
        "num_real_videos": 9,
        "metrics": {"video_auc": estimate(0.93), "video_recall": estimate(0.89)},
        "track_metrics": {},
    }
    swaps = {
        **overall,
        "name": "manipulation_method:swap",
        "num_real_videos": 0,
        "metrics": {"video_recall": estimate(0.4)},
    }
    gates = [gate(reason, passed=False) for reason in reasons]
    gates.append(gate("video_auc 0.930 >= 0.800 on overall", passed=True))
    return {
        "blessed": not reasons,
        "has_baseline": has_baseline,
        "slices": [overall, swaps],
        "gates": gates,
    }


@pytest.fixture
def state():
    """Builds the state of a finished run from facts by node; `outcome` and `error` as wished."""

    def state(facts, *, outcome=Outcome.FINISHED, error=None, skipped=(), notice=""):
        nodes = ("Validator", "Extractor", "Evaluator", "Server", "Pusher")
        happened = [
            events.RunStarted(
                run_id="r", pipeline="deepfake", num_clips=4, notice=notice, time=0.0
            ),
            events.Planned(nodes=nodes, time=1.0),
        ]
        for node in nodes:
            ended = NodeState.SKIPPED if node in skipped else NodeState.RAN
            happened.append(
                events.NodeEnded(
                    node=node, state=ended, seconds=1.234, facts=facts.get(node, {}), time=2.0
                )
            )
        happened += [error] if error else []
        happened.append(events.RunEnded(outcome=outcome, time=90.04))
        return RunState(happened)

    return state


@pytest.fixture
def facts():
    """Facts by node of a run that pushed version 7."""
    return {
        "Validator": {"letters": {"num_inputs": 96, "by_code": {"truncated": 1}}},
        "Extractor": {
            "letters": {"num_inputs": 95, "by_code": {"no_face": 2}},
            "tracks": {"train": {"videos": 60, "tracks": 62}, "test": {"videos": 27, "tracks": 27}},
        },
        "Evaluator": {"evaluation": evaluation(), "model_blessing": {"blessed": True}},
        "Server": {"infra_blessing": {"blessed": True, "reasons": []}},
        "Pusher": {
            "push": {
                "pushed": True,
                "version": "7",
                "path": "serving/7",
                "present": True,
                "refused_because": "",
            }
        },
    }


@pytest.fixture
def refused(facts):
    """The same, but with a broken gate, so that nothing was pushed."""
    gate = "video_recall 0.400 < 0.500 (4 fake) on manipulation_method:swap"
    facts["Evaluator"] = {"evaluation": evaluation(gate), "model_blessing": {"blessed": False}}
    facts["Pusher"]["push"] |= {
        "pushed": False,
        "version": "",
        "path": "",
        "present": False,
        "refused_because": "the model is not blessed",
    }
    return facts
