"""What two splits have in common, found without the code that made the splits.

A connected component lies in two splits exactly when one of its edges does, so it is enough to
look at every name that binds videos: no graph is built here.
"""

import collections
from collections.abc import Iterator, Sequence

from schemas.video_record import VideoRecord


def find(records: Sequence[VideoRecord]) -> list[str]:
    """Names that appear in more than one split, each with the splits and videos.

    Names are identities (target or source; of the data set unless they hold a `/`), digests of
    files, component ids, and source videos together with the videos made of them.

    Returns:
      A sentence for each name, sorted.
    """
    bound: dict[str, set[VideoRecord]] = collections.defaultdict(set)
    for record in records:
        for name in _names(record):
            bound[name].add(record)
    for record in records:
        # A video is bound by its own names only if another one calls it its source.
        for name in (_source_id(record.dataset, record.video_id), _source_key(record.key)):
            if name in bound:
                bound[name].add(record)
    return sorted(_sentence(name, found) for name, found in bound.items() if _is_split(found))


def _names(record: VideoRecord) -> Iterator[str]:
    for name in (record.target_identity, record.source_identity):
        if name:
            yield f"identity {name if '/' in name else f'{record.dataset}/{name}'}"
    if record.source_video:
        yield _source_id(record.dataset, record.source_video)
    if record.source_video and record.source_video.count("/") >= 2:
        yield _source_key(record.source_video)
    yield f"file {record.digest}"
    yield f"component {record.component_id}"


def _source_id(dataset: str, video_id: str) -> str:
    return f"source video {video_id!r} of {dataset}"


def _source_key(key: str) -> str:
    return f"source video {key}"


def _is_split(records: set[VideoRecord]) -> bool:
    return len({record.split for record in records}) > 1


def _sentence(name: str, records: set[VideoRecord]) -> str:
    example = {record.split: record.key for record in sorted(records, key=lambda r: r.key)}
    places = ", ".join(f"{split} ({key})" for split, key in sorted(example.items()))
    return f"{name} is in {places}"
