"""Which file a video's tracks go to."""

import collections
import math
import os
from collections.abc import Sequence
from typing import Final

from components.frame_extractor import keys
from schemas import taxonomy
from schemas.video_record import VideoRecord

VIDEOS_PER_SHARD: Final = 128  # about 20 MB: a track of 32 crops of 128 pixels takes 150 KB


def assign(records: Sequence[VideoRecord]) -> dict[str, list[VideoRecord]]:
    """Shard file, relative to the Examples, to the videos whose tracks it will hold.

    Every split has at least one shard. Shards hold ascending ranges of keys, so that reading
    a split's files in order yields its tracks in the order of their video keys.

    Raises:
      ValueError: A record has no known split.
    """
    by_split = collections.defaultdict(list)
    for record in sorted(records, key=lambda record: f"{record.key}/"):
        if record.split not in taxonomy.SPLITS:
            allowed = ", ".join(taxonomy.SPLITS)
            raise ValueError(f"split of {record.key} must be {allowed}, got {record.split!r}")
        by_split[record.split].append(record)
    shards = {}
    for split in taxonomy.SPLITS:
        videos = by_split[split]
        count = max(1, math.ceil(len(videos) / VIDEOS_PER_SHARD))
        for number in range(count):
            name = f"{keys.FILE_PREFIX}-{number:05d}-of-{count:05d}.gz"
            start = number * VIDEOS_PER_SHARD
            file = os.path.join(f"Split-{split}", name)
            shards[file] = videos[start : start + VIDEOS_PER_SHARD]
    return shards
