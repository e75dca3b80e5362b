"""Groups of videos that must share a split: connected components over what they have in common."""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from schemas.video_record import VideoRecord


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


def connected(records: Sequence[VideoRecord], copies: Iterable[VideoRecord] = ()) -> list[Group]:
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
