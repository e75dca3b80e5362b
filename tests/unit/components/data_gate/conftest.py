"""Facts that pass every rule of DataGate, to be spoilt one by one."""

import dataclasses

import pytest

from components.data_gate.facts import Facts
from components.data_gate.settings import GateLimits
from schemas import taxonomy
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord


@pytest.fixture
def limits() -> GateLimits:
    return GateLimits(
        max_dead_letter_ratio=0.25,
        min_videos_per_class=1,
        blocking_severities=("ERROR",),
        allowed_anomalies=(),
    )


@pytest.fixture
def facts() -> Facts:
    """One person per split, with a real video and a fake made of it; one example for each."""
    records = []
    for split in taxonomy.SPLITS:
        real = VideoRecord(
            video_id=f"real-{split}",
            path="x",
            is_fake=False,
            dataset="set",
            target_identity=split,
            split=split,
            component_id=split,
            digest=f"real {split}",
        )
        fake = dataclasses.replace(
            real,
            video_id=f"fake-{split}",
            is_fake=True,
            manipulation_method="swap",
            manipulation_type="face_swap",
            source_video=real.video_id,
            digest=f"fake {split}",
        )
        records += [real, fake]
    return Facts(
        anomalies=(),
        num_examples=dict.fromkeys(taxonomy.SPLITS, 2),
        records=tuple(records),
        tracks=tuple(
            TrackRow(
                video_key=f"{record.key}/0",
                record_key=record.key,
                split=record.split,
                num_present=32,
                digest="0",
            )
            for record in records
        ),
        letters=(),
        num_rows=8,
    )
