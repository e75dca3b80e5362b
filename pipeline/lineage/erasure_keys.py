"""What the key of an erasure means: a video, or a person in some."""

from collections.abc import Iterable, Mapping, Sequence

from pipeline.lineage import errors
from schemas import erased
from schemas.video_record import VideoRecord


class AmbiguousIdentityError(errors.LineageError):
    """People of several datasets have that name."""

    code = "ambiguous_identity"

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        super().__init__(
            f"{name!r} is a person in several datasets: {', '.join(candidates)}; give one of these"
        )


def meant(name: str, records: Iterable[VideoRecord]) -> tuple[str, str]:
    """Kind and full name of what `name` means.

    Raises:
      UnknownVideoError: Nothing.
      AmbiguousIdentityError: People of several datasets.
    """
    keys: set[str] = set()
    identities: set[str] = set()
    for record in records:
        keys.add(record.key)
        identities.update(record.identities)
    if name in keys:
        return erased.VIDEO, name
    if name in identities:
        return erased.IDENTITY, name
    ending = sorted(known for known in identities if known.rpartition("/")[2] == name)
    if len(ending) > 1:
        raise AmbiguousIdentityError(name, ending)
    if not ending:
        raise errors.UnknownVideoError(name, keys | identities)
    return erased.IDENTITY, ending[0]


def is_meant(record: VideoRecord, kind: str, name: str) -> bool:
    """Whether the video is the one of that name, or shows the person."""
    return record.key == name if kind == erased.VIDEO else name in record.identities


def derived(records: Iterable[VideoRecord], mine: Mapping[str, VideoRecord]) -> set[str]:
    """Videos that name one of `mine` as the video that was altered."""
    ids = {(record.dataset, record.video_id) for record in mine.values()}
    return {
        record.key
        for record in records
        if record.source_video
        and (record.source_video in mine or (record.dataset, record.source_video) in ids)
    } - mine.keys()
