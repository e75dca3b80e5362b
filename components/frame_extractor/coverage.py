"""Every video has exactly one outcome."""

import collections
from collections.abc import Sequence

from schemas.dead_letter import DeadLetter
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord


def check(
    records: Sequence[VideoRecord], rows: Sequence[TrackRow], letters: Sequence[DeadLetter]
) -> None:
    """Checks that every video was either written or rejected: some Beam runners lose data.

    Raises:
      RuntimeError: A video is missing, was both written and rejected, or came twice.
    """
    written = {row.record_key for row in rows}
    outcomes = collections.Counter([*written, *(letter.record_key for letter in letters)])
    wrong = sorted({record.key for record in records} ^ {k for k, n in outcomes.items() if n == 1})
    if len({row.video_key for row in rows}) != len(rows):
        raise RuntimeError("the Beam runner wrote tracks twice; use the DirectRunner")
    if wrong:
        raise RuntimeError(
            f"{len(wrong)} of {len(records)} videos were not written or rejected exactly once, "
            f"such as {', '.join(wrong[:3])}; use a Beam runner that does not lose data"
        )
