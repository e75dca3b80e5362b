"""What a run shows, in words and figures: nodes on the screen, and how a process died."""

import collections
import pathlib
import signal
from collections.abc import Mapping
from typing import Any

from pipeline.journal.state import NodeRecord

Progress = Mapping[str, Any]

_SHOWN_LOG_LINES = 8


def duration(seconds: float) -> str:
    """`3.2s` below a minute, then `1:05`, then `2:03:04`."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def fraction_done(progress: Progress) -> float | None:
    """Share of the running node's work that is done, in [0, 1]; None if it does not tell."""
    for done, total in (("videos_done", "videos_total"), ("epoch", "epochs")):
        if progress.get(total):
            return min(1.0, float(progress.get(done, 0)) / float(progress[total]))
    return None


def seconds_left(node: NodeRecord, now: float) -> float | None:
    """Estimate for the running node from its pace so far; None before the first figure.

    Args:
      node: The running node.
      now: Unix time.
    """
    done = fraction_done(node.progress)
    if not done:
        return None
    worked = node.progressed - node.started
    return max(0.0, worked * (1 - done) / done - (now - node.progressed))


def of_progress(node: NodeRecord, now: float) -> str:
    """The running node's own progress in one line; empty if it reports none."""
    progress = node.progress
    parts: list[str] = []
    if "videos_total" in progress:
        parts += _videos(node)
    if "epochs" in progress:
        parts.append(f"epoch {progress.get('epoch', 0)}/{progress['epochs']}")
        parts += _training(progress)
    left = seconds_left(node, now)
    if left is not None:
        parts.append(f"{duration(round(left))} left".replace(".0s", "s"))
    return "  ".join(parts)


def of_facts(node: NodeRecord) -> str:
    """What came out of a node that has ended, in one line; empty if there is nothing to say."""
    facts = node.facts
    parts = [
        *(_letters(facts["letters"]) if "letters" in facts else ()),
        *(_tracks(facts["tracks"]) if "tracks" in facts else ()),
        *(_evaluation(facts["evaluation"]) if "evaluation" in facts else ()),
        *(_blessing(facts[key]) for key in ("model_blessing", "infra_blessing") if key in facts),
        *([_push(facts["push"])] if "push" in facts else ()),
    ]
    if not parts and "epochs" in node.progress:
        return "  ".join([f"{node.progress.get('epoch', 0)} epochs", *_training(node.progress)])
    return "  ".join(parts)


def codes(by_code: Mapping[str, int]) -> str:
    """`no_face 2, truncated 1`: the most frequent first."""
    ranked = sorted(by_code.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{code} {count}" for code, count in ranked)


def _videos(node: NodeRecord) -> list[str]:
    progress, worked = node.progress, node.progressed - node.started
    done = progress.get("videos_done", 0)
    parts = [f"{done}/{progress['videos_total']} videos"]
    if done and worked > 0:
        parts.append(f"{float(done) / worked:.1f}/s")
    if progress.get("videos_rejected"):
        parts.append(f"{progress['videos_rejected']} rejected")
    return parts


def _training(progress: Progress) -> list[str]:
    names = (("loss", "loss"), ("val_auc", "selection AUC"))
    return [f"{label} {progress[name]:.3f}" for name, label in names if name in progress]


def _letters(letters: Mapping[str, Any]) -> list[str]:
    rejected = sum(letters["by_code"].values())
    listed = f" ({codes(letters['by_code'])})" if rejected else ""
    return [f"{letters['num_inputs']} videos, {rejected} rejected{listed}"]


def _tracks(tracks: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [f"{sum(split['tracks'] for split in tracks.values())} tracks"]


def _evaluation(evaluation: Mapping[str, Any]) -> list[str]:
    overall = next(iter(evaluation["slices"]), None)
    auc = overall and overall["metrics"].get("video_auc")
    return [f"AUC {auc['value']:.2f} [{auc['lower']:.2f}, {auc['upper']:.2f}]"] if auc else []


def _blessing(blessing: Mapping[str, Any]) -> str:
    return "blessed" if blessing["blessed"] else "NOT BLESSED"


def _push(push: Mapping[str, Any]) -> str:
    return f"version {push['version']}" if push["pushed"] else "NOTHING PUSHED"


def killed_by(number: signal.Signals) -> str:
    """What became of a process that a signal ended."""
    guess = " (out of memory?)" if number is signal.SIGKILL else ""
    return f"was killed by {number.name}{guess}"


def last_lines(log: pathlib.Path) -> str:
    """The end of a log, as much of it as a report shows."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return "\n".join(line.rstrip() for line in collections.deque(lines, _SHOWN_LOG_LINES))
