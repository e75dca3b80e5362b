"""Which videos a demo data set holds: identities, takes, forgeries, and their manifest rows."""

import dataclasses
from typing import Final

from pipeline.demo.forgeries import FAMILIES, Family
from schemas import taxonomy
from schemas.video_record import VideoRecord

DATASET: Final = "demo"
GENERATOR: Final = "deepfake demo"
LICENCE: Final = "public-domain"  # as the NASA portrait
CONTEXTS: Final = ("lab", "social")
RATE_FACTORS: Final = {"c23": 23, "c40": 40}  # x264 constant rate factor by compression level
GROUP_SIZE: Final = 2  # faces are swapped inside groups only: a group is a connected component


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """What determines the videos.

    Attributes:
      seed: Seed of everything that is drawn.
      num_identities: An even number: donors come in pairs.
      num_takes: Pristine videos per identity, 1 to 4; four forgeries are spread over them.
      seconds: Length of each video.
      fps: Frames per second.
    """

    seed: int = 0
    num_identities: int = 24
    num_takes: int = 3
    seconds: float = 2.0
    fps: int = 25

    def __post_init__(self) -> None:
        if self.num_identities < GROUP_SIZE or self.num_identities % GROUP_SIZE:
            raise ValueError(f"num_identities must be even and positive, got {self.num_identities}")
        if not 1 <= self.num_takes <= len(FAMILIES):
            raise ValueError(
                f"num_takes must be from 1 to {len(FAMILIES)}, so that each has a forgery, "
                f"got {self.num_takes}"
            )
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, got {self.seed}")
        if self.fps < 1 or self.num_frames < 1:
            raise ValueError(f"seconds x fps must give a frame, got {self.seconds} x {self.fps}")

    @property
    def num_frames(self) -> int:
        """Frames of each video."""
        return round(self.seconds * self.fps)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Video:
    """One video to make.

    Attributes:
      identity: Number of the person who is shown.
      donor: Number of the person whose face or motion is used; of the same group.
      take: Which pristine video of the identity is shown or altered.
      family: The forgery, None in a pristine video.
    """

    identity: int
    donor: int
    take: int
    family: Family | None = None

    @property
    def compression_level(self) -> str:
        """That of the take: a forgery is as compressed as its source."""
        return tuple(RATE_FACTORS)[(self.identity + self.take) % len(RATE_FACTORS)]

    def record(self) -> VideoRecord:
        """The manifest row."""
        source = f"{_name(self.identity)}_take{self.take}"
        context = CONTEXTS[(self.identity // GROUP_SIZE + self.take) % len(CONTEXTS)]
        family = self.family
        video_id = f"{source}_{family.method.removeprefix('demo_')}" if family else source
        return VideoRecord(
            video_id=video_id,
            path=f"videos/{video_id}.mp4",
            is_fake=family is not None,
            dataset=DATASET,
            manipulation_method=family.method if family else taxonomy.PRISTINE_METHOD,
            manipulation_type=family.kind if family else taxonomy.PRISTINE_TYPE,
            target_identity=_name(self.identity),
            source_identity=_name(self.donor) if family and family.uses_donor else None,
            source_video=source if family else None,
            context=context,
            compression_level=self.compression_level,
            generator=GENERATOR,
            licence=LICENCE,
        )


def videos(parameters: Parameters) -> list[Video]:
    """All videos, each take followed by its forgeries.

    Each identity gets each family once. The family that a take gets rotates with the identity,
    so that compression, context and take say nothing of the label.
    """
    planned = []
    for identity in range(parameters.num_identities):
        donor = identity ^ 1
        for take in range(parameters.num_takes):
            planned.append(Video(identity=identity, donor=donor, take=take))
            planned += [
                Video(identity=identity, donor=donor, take=take, family=family)
                for number, family in enumerate(FAMILIES)
                if (number + identity) % parameters.num_takes == take
            ]
    return planned


def _name(identity: int) -> str:
    return f"demo{identity:03d}"
