"""Which videos share a split, and which split they get.

Every group ranks the splits by weighted rendezvous hashing (Thaler and Ravishankar 1998; weights:
Schindelhauer and Schomaker 2005) and, largest groups first, gets the first one with room for it;
the few that find no room go where they do least harm. So the fractions are met and a new video
moves few others. An exact look-ahead bars placements that would leave too few groups for splits
still without a class: both classes are in every split whenever that is possible at all.
"""

import collections
import dataclasses
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from components.video_validator.settings import SplitPlan
from schemas import taxonomy
from schemas.errors import ManifestError
from schemas.video_record import VideoRecord

_ROUNDING: Final = 1e-12  # a group that fits exactly must fit in floating point too
Feature = tuple[str, str]
REAL_ONLY: Final = frozenset({taxonomy.REAL})
FAKE_ONLY: Final = frozenset({taxonomy.FAKE})
BOTH: Final = REAL_ONLY | FAKE_ONLY


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """A connected component of videos.

    Attributes:
      component_id: 12 hexadecimal digits: the least digest of its members' keys. It stays the
        same, whatever the order of rows, until a member with a lesser digest joins.
      records: Members in the order of their keys.
    """

    component_id: str
    records: tuple[VideoRecord, ...]


def connected_groups(
    records: Sequence[VideoRecord], copies: Iterable[VideoRecord] = ()
) -> list[Group]:
    """Finds the connected components of videos.

    Videos are joined when they share an identity (as target or source), the bytes of their files,
    or a source video, and when one is the other's source video. `source_video` is the key of a
    record or a `video_id` of the same dataset; a source that is not in the manifest joins those
    that name it.

    Args:
      records: Probed videos with distinct keys.
      copies: Further videos that join others but belong to no group themselves.

    Returns:
      Groups in the order of their ids; every one of `records` is in exactly one.
    """
    everyone = [*records, *copies]
    labels = _component_labels(everyone)
    members: dict[int, list[VideoRecord]] = {}
    for record, label in zip(records, labels, strict=False):  # copies come last
        members.setdefault(label, []).append(record)
    return sorted(map(_group, members.values()), key=lambda group: group.component_id)


def _group(records: list[VideoRecord]) -> Group:
    digests = (hashlib.sha256(record.key.encode()).hexdigest() for record in records)
    ordered = sorted(records, key=lambda record: record.key)
    return Group(component_id=min(digests)[:12], records=tuple(ordered))


def _component_labels(records: Sequence[VideoRecord]) -> list[int]:
    """Component of each record: of the graph that links records to everything they name."""
    named = {name for record in records for name in _sources(record)}
    columns: dict[tuple[str, str], int] = {}
    links = []
    for row, record in enumerate(records):
        for name in _names(record, named):
            links.append((row, len(records) + columns.setdefault(name, len(columns))))
    size = len(records) + len(columns)
    rows, cols = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = sparse.coo_matrix((np.ones(len(links), np.int8), (rows, cols)), shape=(size, size))
    _, labels = csgraph.connected_components(graph, directed=False)
    return labels[: len(records)].tolist()


def _sources(record: VideoRecord) -> list[tuple[str, str]]:
    """What `source_video` may refer to: an id within the dataset, or a record key."""
    name = record.source_video
    if not name:
        return []
    sources = [(f"id in {record.dataset}", name)]
    if name.count("/") >= 2:  # dataset/method/video_id
        sources.append(("key", name))
    return sources


def _names(record: VideoRecord, named: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Everything that binds a record; its own key and id only where a video refers to them."""
    yield ("file", record.digest)
    yield from (("identity", name) for name in record.identities)
    yield from _sources(record)
    own = (("key", record.key), (f"id in {record.dataset}", record.video_id))
    yield from (name for name in own if name in named)


def assign(
    records: Sequence[VideoRecord], plan: SplitPlan, copies: Sequence[VideoRecord] = ()
) -> list[VideoRecord]:
    """Sets split and component of every video.

    Args:
      records: Probed videos with distinct keys; their order does not matter.
      plan: Fractions and seed.
      copies: Videos that bind others, as in `connected_groups`, and get no split.

    Returns:
      The records in the order of their keys.

    Raises:
      ManifestError: `split_unsatisfiable`: There are too few groups for both classes in every
        split.
    """
    found = connected_groups(records, copies)
    split_of = assign_groups(found, plan)
    placed = (
        dataclasses.replace(
            record, split=split_of[group.component_id], component_id=group.component_id
        )
        for group in found
        for record in group.records
    )
    return sorted(placed, key=lambda record: record.key)


def assign_groups(found: Sequence[Group], plan: SplitPlan) -> dict[str, str]:
    """Gives every group a split.

    Groups are placed largest first, equal ones in the order of a seeded hash. A split has room
    while the group does not lift it above its targets; harm is the growth of its squared distance
    from them. Targets are counts of videos, of each class and of each method, each taken relative
    to its own total. The order of `found` does not matter.

    Returns:
      Split by `component_id`.

    Raises:
      ManifestError: `split_unsatisfiable`: There are too few groups for both classes in every
        split.
    """
    counts = {group.component_id: _counts(group) for group in found}
    ordered = sorted(found, key=lambda group: (-len(group.records), _uniform(plan.seed, group)))
    classes = [_classes(group) for group in ordered]
    lacking = dict.fromkeys(plan.fractions, BOTH)
    if not _satisfiable(lacking.values(), collections.Counter(classes)):
        raise ManifestError("split_unsatisfiable", _too_few(classes, len(lacking)))
    balance = _Balance(counts.values(), plan.fractions)
    left = collections.Counter(classes)
    assigned = {}
    for group, present in zip(ordered, classes, strict=True):
        left[present] -= 1
        allowed = [
            split
            for split in lacking
            if _satisfiable((lacking | {split: lacking[split] - present}).values(), left)
        ]
        chosen = balance.choose(_ranked(group, allowed, plan), counts[group.component_id])
        lacking[chosen] -= present
        assigned[group.component_id] = chosen
    return assigned


class _Balance:
    """Counts per split, and what a placement does to their distance from the targets."""

    def __init__(
        self, counts: Iterable[Mapping[Feature, int]], fractions: Mapping[str, float]
    ) -> None:
        self._totals: collections.Counter[Feature] = collections.Counter()
        for group_counts in counts:
            self._totals.update(group_counts)
        kinds = collections.Counter(kind for kind, _ in self._totals)
        # Videos, classes and methods weigh the same, however many methods there are.
        self._weights = {feature: 1 / kinds[feature[0]] for feature in self._totals}
        self._fractions = fractions
        self._placed: dict[str, collections.Counter[Feature]] = {
            split: collections.Counter() for split in fractions
        }

    def choose(self, ranked: Sequence[str], counts: Mapping[Feature, int]) -> str:
        """Places a group in the first split that has room for it, else where it costs least."""
        roomy = (split for split in ranked if self._slope(split, counts, 1.0) <= _ROUNDING)
        chosen = next(roomy, None) or min(ranked, key=lambda s: self._slope(s, counts, 0.5))
        self._placed[chosen].update(counts)
        return chosen

    def _slope(self, split: str, counts: Mapping[Feature, int], share: float) -> float:
        """Slope of the weighted squared deviation of `split` when a share of a group is in it.

        With half of the group it is the change that the whole group makes, up to a factor; with
        all of it, a positive slope means that the split holds more than its targets.
        """
        fraction = self._fractions[split]
        slope = 0.0
        for feature, count in counts.items():
            total = self._totals[feature]
            deviation = self._placed[split][feature] + share * count - fraction * total
            slope += self._weights[feature] * count * deviation / total**2
        return slope / fraction


def _ranked(group: Group, allowed: Sequence[str], plan: SplitPlan) -> list[str]:
    """Splits by preference: each comes first with the probability of its fraction."""
    fractions = plan.fractions
    return sorted(
        allowed,
        key=lambda split: -math.log(_uniform(plan.seed, group, split)) / fractions[split],
    )


def _uniform(seed: int, group: Group, split: str = "") -> float:
    """A number in (0, 1) that depends on nothing but the arguments."""
    digest = hashlib.sha256(f"{seed}/{group.component_id}/{split}".encode()).digest()
    return (int.from_bytes(digest[:6], "big") + 0.5) / 2**48


def _counts(group: Group) -> collections.Counter[Feature]:
    counts: collections.Counter[Feature] = collections.Counter()
    for record in group.records:
        counts["videos", ""] += 1
        counts["class", _label(record)] += 1
        counts["method", record.manipulation_method] += 1
    return counts


def _classes(group: Group) -> frozenset[str]:
    return frozenset(map(_label, group.records))


def _label(record: VideoRecord) -> str:
    return taxonomy.FAKE if record.is_fake else taxonomy.REAL


def _satisfiable(lacking: Iterable[frozenset[str]], left: Mapping[frozenset[str], int]) -> bool:
    """Whether the groups left can give every split the classes that it lacks.

    Args:
      lacking: Missing classes of each split.
      left: Number of groups still to be placed, by the classes in them.
    """
    needs = collections.Counter(lacking)
    reals, fakes = left[REAL_ONLY], left[FAKE_ONLY]
    # `pairs` of the splits that lack both get a group of each class, the others a mixed group.
    for pairs in range(min(needs[BOTH], reals, fakes) + 1):
        mixed = needs[BOTH] - pairs
        mixed += max(0, needs[REAL_ONLY] - (reals - pairs))
        mixed += max(0, needs[FAKE_ONLY] - (fakes - pairs))
        if mixed <= left[BOTH]:
            return True
    return False


def _too_few(classes: Sequence[frozenset[str]], num_splits: int) -> str:
    counts = collections.Counter(classes)
    holding = {label: counts[BOTH] + counts[frozenset({label})] for label in taxonomy.LABELS}
    return (
        f"{num_splits} splits need real and fake videos each, of people and source videos that are "
        f"in no other split; there are {holding[taxonomy.REAL]} independent groups with real videos"
        f" and {holding[taxonomy.FAKE]} with fakes ({counts[BOTH]} of them hold both): at least "
        f"{num_splits} of each class are needed. Add videos of further people, or correct "
        "identities and source videos that join people who have nothing to do with each other"
    )
