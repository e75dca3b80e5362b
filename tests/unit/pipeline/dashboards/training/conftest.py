"""The files of a training, and the sources of a run that made or reused them."""

import dataclasses
import datetime
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.config.sections import TrainingConfig
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.sources import RunSources
from pipeline.lineage.records import LIVE, Artifact
from pipeline.model import history
from pipeline.model.history import Epoch
from pipeline.runs import events
from pipeline.runs.events import NodeState
from pipeline.runs.folders import RunFolder
from pipeline.runs.journal import Journal
from schemas import track_index, video_record
from schemas.track_index import TrackRow
from schemas.video_record import VideoRecord

RUN = "20270115-080000-told"
SETTINGS = TrainingConfig(epochs=3, fine_tune_epochs=2)


def epoch(number: int, val_auc: float, stage: str = "heads", **others: float) -> Epoch:
    values = {"loss": 1 / number, "val_loss": 0.5, "learning_rate": 1e-3 / number, "seconds": 2.0}
    return Epoch(stage=stage, epoch=number, val_auc=val_auc, **(values | others))


def detector(**changes: Any) -> dict[str, Any]:
    """What a model says of itself."""
    return {
        "training": dataclasses.asdict(SETTINGS),
        "temporal_head": "frame_mean",
        "val_auc": 0.95,
        "val_auc_rnn": 0.94,
        "val_auc_frame_mean": 0.95,
        "num_parameters": 3_597_508,
        "temperature": 1.5,
        "thresholds": [0.36, 0.36],
        "calibration": {
            "achieved_false_positive_rates": [0.0, 0.25],
            "ece_before": 0.1,
            "ece_after": 0.2,
            "num_fake": 6,
            "num_pristine": 4,
        },
    } | changes


def video(number: int, is_fake: bool, split: str) -> VideoRecord:
    return VideoRecord(
        video_id=str(number),
        path=f"{number}.mp4",
        is_fake=is_fake,
        dataset="made",
        manipulation_method="swap" if is_fake else "original",
        split=split,
    )


class Trained:
    """Writes the files of a training; what is not asked for is not there."""

    def __init__(self, output: pathlib.Path) -> None:
        self.output = output
        self.folder = RunFolder(output / RUN)
        self.folder.path.mkdir(parents=True)
        self._artifacts: dict[str, list[Artifact]] = {}

    def made(self, output: str, type_name: str) -> pathlib.Path:
        """The folder of a new artifact."""
        number = len(self._artifacts) + 1
        path = self.output / "artifacts" / output.replace(".", "/") / str(number)
        path.mkdir(parents=True)
        artifact = Artifact(
            id=number,
            type=type_name,
            uri=str(path),
            state=LIVE,
            properties={},
            created=datetime.datetime.now(datetime.timezone.utc),
        )
        self._artifacts[output] = [artifact]
        return path

    def with_history(self, epochs: Sequence[Epoch]) -> "Trained":
        folder = self.made(outputs.MODEL_RUN, "ModelRun")
        history.write(epochs, folder)
        (folder / "tensorboard").mkdir()
        return self

    def with_model(self, said: dict[str, Any]) -> "Trained":
        extra = self.made(outputs.MODEL, "Model") / "Format-Serving" / "assets.extra"
        extra.mkdir(parents=True)
        (extra / "detector.json").write_text(json.dumps(said))
        return self

    def with_videos(self, found: Sequence[VideoRecord], lost: Sequence[VideoRecord]) -> "Trained":
        """`lost` are in the manifest, and without a face: they have no tracks."""
        manifest = self.made(outputs.MANIFEST, "VideoManifest")
        lines = "".join(f"{record.to_json()}\n" for record in (*found, *lost))
        (manifest / video_record.FILE_NAME).write_text(lines)
        rows = [
            TrackRow(
                video_key=f"{record.key}/0",
                record_key=record.key,
                split=record.split,
                num_present=1,
                digest="",
            )
            for record in found
        ]
        track_index.write(str(self.made(outputs.EXAMPLES, "Examples")), rows)
        return self

    def sources(self, *happened: events.Event) -> RunSources:
        """The run after it did `happened`."""
        journal = Journal(self.folder.journal)
        started = events.RunStarted(run_id=RUN, pipeline="made", time=0.0)
        for event in (started, events.Planned(nodes=("Trainer",), time=1.0), *happened):
            journal.append(event)
        return dataclasses.replace(outputs.of_run(self.folder, None), artifacts=self._artifacts)


@pytest.fixture
def trained(tmp_path: pathlib.Path) -> Trained:
    """The builder of a training's files."""
    return Trained(tmp_path / "runs")


class Made:
    """What trainings may say: `made.epoch(1, 0.9)`."""

    epoch = staticmethod(epoch)
    detector = staticmethod(detector)
    video = staticmethod(video)
    SETTINGS = SETTINGS


@pytest.fixture(scope="session")
def made() -> type[Made]:
    return Made


@pytest.fixture
def reports() -> list[events.Event]:
    """A training that reported two epochs and goes on."""
    fields = [
        {"epoch": number, "epochs": 5, "loss": 0.5 / number, "val_auc": 0.7 + number / 10}
        for number in (1, 2)
    ]
    return [
        events.NodeStarted(node="Trainer", time=2.0),
        *(
            events.Progressed(node="Trainer", fields=one, time=3.0 + number)
            for number, one in enumerate(fields)
        ),
    ]


@pytest.fixture
def failed() -> events.Event:
    return events.NodeEnded(node="Trainer", state=NodeState.FAILED, seconds=1.0, time=9.0)
