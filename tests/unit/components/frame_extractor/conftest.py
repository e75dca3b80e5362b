"""Records of small videos, made on the fly, and a way to run the component on them."""

import pathlib
from collections.abc import Callable, Sequence
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import channel_utils, standard_artifacts

from components import artifact_types
from components.frame_extractor import component, executor, keys
from components.video import probe
from schemas import video_record
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig
from schemas.video_record import VideoRecord

MakeRecord = Callable[..., VideoRecord]


def write_video(path: pathlib.Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    """Encodes [H, W, 3] uint8 RGB frames as H.264 at 25 frames per second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.height, stream.width = frames[0].shape[:2]
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> dict[str, pathlib.Path]:
    """`one`: a moving face; `two`: two faces; `none`: no face; `broken`: no video."""
    folder = tmp_path_factory.mktemp("videos")
    portrait = data.astronaut()
    write_video(folder / "one.mp4", [portrait[:256, 100 - n : 356 - n] for n in range(25)])
    pair = np.concatenate([portrait[:256, 100:356], portrait[::2, ::2]], axis=1)
    write_video(folder / "two.mp4", [pair] * 25)
    write_video(folder / "none.mp4", [np.full((128, 160, 3), 90, np.uint8)] * 25)
    (folder / "broken.mp4").write_bytes(b"no video")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def make_record(videos) -> MakeRecord:
    """Makes the record of a video by name; keyword arguments replace fields."""

    def make(name: str, **fields) -> VideoRecord:
        facts = {}
        if name != "broken":
            info = probe.probe(videos[name])
            for field in ("codec", "fps", "width", "height"):
                facts[field] = getattr(info, field)
        facts |= {"video_id": name, "path": str(videos[name]), "dataset": "made"}
        return VideoRecord(**{"is_fake": False, "split": "train", **facts, **fields})

    return make


@pytest.fixture(scope="session")
def spec() -> ClipSpec:
    """Two clips of four frames, 64 pixels."""
    return ClipSpec(num_clips=2, num_frames=4, crop_size=64)


@pytest.fixture(scope="session")
def run(tmp_path_factory, spec) -> Callable[..., tuple[types.Artifact, types.Artifact]]:
    """Runs the executor on records; returns its Examples and DeadLetters."""

    def extract(records, **parameters):
        folder = tmp_path_factory.mktemp("run")
        manifest = artifact_types.VideoManifest()
        manifest.uri = str(folder / "manifest")
        examples = standard_artifacts.Examples()
        examples.uri = str(folder / "examples")
        letters = artifact_types.DeadLetters()
        letters.uri = str(folder / "letters")
        for artifact in (manifest, examples, letters):
            pathlib.Path(artifact.uri).mkdir(parents=True)
        video_record.write(pathlib.Path(manifest.uri, video_record.FILE_NAME), records)
        extractor = component.FrameExtractor(
            **{
                "manifest": channel_utils.as_channel([manifest]),
                "clip_spec": spec,
                "face_config": FaceConfig(),
                "timeout_seconds": 60,
                **parameters,
            }
        )
        context = base_beam_executor.BaseBeamExecutor.Context(
            beam_pipeline_args=[], tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        executor.Executor(context).Do(
            {keys.MANIFEST: [manifest]},
            {keys.EXAMPLES: [examples], keys.DEAD_LETTERS: [letters]},
            extractor.exec_properties,
        )
        return examples, letters

    return extract
