"""What two runs come to, in sentences for readers who know no statistics."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pipeline.dashboards.tables import AUC, BALANCED_ACCURACY, HEADLINES, Headline, Tone
from pipeline.lineage.comparison import Comparison, MetricChange, RunFacts
from pipeline.runs import words
from schemas import taxonomy
from schemas.run_report import OVERALL

# Few, and named beforehand: of many figures some come apart by chance.
DECIDING: Final = (AUC, BALANCED_ACCURACY)

_OVERLAP: Final[Mapping[bool | None, str]] = {
    None: "",
    True: " and the intervals overlap",
    False: " and the intervals are apart",
}

BY_NAME: Final[Mapping[str, Headline]] = {metric.name: metric for metric in HEADLINES}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether the later run is better.

    Attributes:
      badge: The judgement in one to three words.
      tone: Colour of the badge: `good`, `bad`, `warn`, or empty for neutral.
      sentence: The judgement in a sentence, with the figures that decided.
      caution: What the figures do not show; empty where there are no figures.
    """

    badge: str
    tone: Tone
    sentence: str
    caution: str


def judge(found: Comparison, before: RunFacts, after: RunFacts) -> Judgement:
    """Judges by the deciding metrics over all test videos, and only where intervals are apart."""
    overall = {c.metric: c for c in found.metrics if c.slice_name == OVERALL}
    changes = [overall[metric.name] for metric in DECIDING if metric.name in overall]
    known = [change for change in changes if change.difference is not None]
    if not known:
        return Judgement(
            badge="cannot be told", tone="", sentence=_unmeasured(before, after), caution=""
        )
    badge, tone, opening = _judged(known)
    return Judgement(
        badge=badge,
        tone=tone,
        sentence=f"{opening} {_listed(known)}.{_besides(overall.values())}",
        caution=_caution(before, after),
    )


def _judged(known: Sequence[MetricChange]) -> tuple[str, Tone, str]:
    better = [change for change in known if is_better(change)]
    worse = [change for change in known if is_worse(change)]
    if better and worse:
        return "better and worse", "warn", "The figures contradict each other:"
    if better:
        return "better", "good", "The later run is better on its test videos:"
    if worse:
        return "worse", "bad", "The later run is worse on its test videos:"
    if all(change.difference == 0 for change in known):
        return "the same", "", "The figures are the same:"
    return (
        "cannot be told",
        "",
        "Whether the later run is better or worse cannot be told from these videos:",
    )


def is_better(change: MetricChange) -> bool:
    """Whether the intervals are apart, and the later one is on the better side."""
    return change.intervals_overlap is False and _gain(change) > 0


def is_worse(change: MetricChange) -> bool:
    """Whether the intervals are apart, and the later one is on the worse side."""
    return change.intervals_overlap is False and _gain(change) < 0


def _gain(change: MetricChange) -> float:
    sign = 1 if BY_NAME[change.metric].greater_is_better else -1
    return sign * (change.difference or 0.0)


def _besides(overall: Iterable[MetricChange]) -> str:
    """Other headline metrics that are apart: they do not decide, and must not be kept back."""
    deciding = {metric.name for metric in DECIDING}
    apart = [
        change
        for change in overall
        if change.metric in BY_NAME.keys() - deciding and change.intervals_overlap is False
    ]
    return f" Besides, {_listed(apart)}." if apart else ""


def _listed(changes: Iterable[MetricChange]) -> str:
    return "; ".join(f"{_named(change)} {_moved(change)}" for change in changes)


def _named(change: MetricChange) -> str:
    title = BY_NAME[change.metric].title
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def _moved(change: MetricChange) -> str:
    old, new = (one.value if one else math.nan for one in (change.before, change.after))
    if f"{old:.3f}" == f"{new:.3f}":
        return f"is {new:.3f} in both"
    verb = "rose" if new > old else "fell"
    return f"{verb} from {old:.3f} to {new:.3f}{_OVERLAP[change.intervals_overlap]}"


def _unmeasured(before: RunFacts, after: RunFacts) -> str:
    bare = [facts.name for facts in (before, after) if not facts.metrics]
    who = " and ".join(bare) or "one of the runs"
    were = "were" if len(bare) > 1 else "was"
    return f"Whether the detector got better cannot be told: {who} {were} not evaluated."


def _caution(before: RunFacts, after: RunFacts) -> str:
    old, new = _tested(before), _tested(after)
    if not old or not new:
        return "Which videos they were tested on is unknown."
    if old == new:
        return (
            f"Both were tested on the same {words.counted(len(new), 'video')}, so the figures are"
            " not independent: intervals that overlap do not show that nothing changed."
        )
    both = len(old & new)
    return (
        f"They were tested on different videos ({both:,} in both, {len(old) - both:,} only before,"
        f" {len(new) - both:,} only after): a difference may come from the videos."
    )


def _tested(facts: RunFacts) -> frozenset[tuple[str, str, bool]]:
    test = taxonomy.Split.TEST.value
    return frozenset(
        (key, record.digest, record.is_fake)
        for key, record in facts.videos.items()
        if record.split == test
    )


def changed(found: Comparison) -> str:
    """What went into the later run that did not go into the earlier one, in a sentence."""
    videos = found.videos
    parts = [
        *_counted(len(videos.added), "video", "added"),
        *_counted(len(videos.removed), "video", "removed"),
        *_counted(len(videos.relabelled), "video", "relabelled"),
        *_counted(len(videos.moved), "video", "moved between splits"),
        *_counted(len(videos.replaced), "video", "with other bytes"),
        *_counted(len(found.configuration), "setting", "changed"),
        *_counted(len(found.code), "node", "with other code"),
        *_counted(len(found.packages), "package", "of another version"),
    ]
    if not parts:
        if found.incomplete:
            return "Nothing changed in what could be compared."
        return "Nothing changed: the same videos, settings, code and packages."
    return f"What changed: {', '.join(parts)}."


def _counted(number: int, noun: str, what: str) -> list[str]:
    return [f"{words.counted(number, noun)} {what}"] if number else []
