"""What a training left: its epochs, what the model says of itself, and which run trained it."""

import dataclasses
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.config.sections import TrainingConfig
from pipeline.dashboards import sources as outputs
from pipeline.dashboards.sources import RunSources
from pipeline.lineage import side_files
from pipeline.lineage.records import CACHED
from pipeline.model import history
from pipeline.model.history import Epoch
from pipeline.runs.events import Progressed
from pipeline.runs.journal import RunFollower
from schemas import names, track_index, video_record
from schemas.errors import DashboardError, FilesGoneError
from schemas.taxonomy import Split

TENSORBOARD: Final = "tensorboard"  # folder beside the history
_SAID: Final = (
    *("training", "temporal_head", "val_auc_rnn", "val_auc_frame_mean", "num_parameters"),
    *("temperature", "thresholds", "calibration"),
)

Detector = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classes:
    """Videos of each class in a split."""

    num_fakes: int
    num_reals: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """One training; at least one epoch or a detector is there.

    Attributes:
      epochs: Epochs in order. Without a history they are read from progress reports, and what those
        do not tell is NaN.
      is_whole: Whether the history is the training's own, written at its end.
      detector: What the model says of itself (`detector.json`); empty where there is none.
      settings: Settings that it was trained with; None without a detector.
      trained_by: The run that trained the model; empty if it is this run, or unknown.
      folder: Folder of the history file; None where its files are gone.
      selection: Videos of the selection split by class; None where that is unknown.
    """

    epochs: Sequence[Epoch]
    is_whole: bool
    detector: Detector
    settings: TrainingConfig | None
    trained_by: str
    folder: pathlib.Path | None
    selection: Classes | None

    @property
    def tensorboard(self) -> pathlib.Path | None:
        """Folder of the scalars for TensorBoard, where there is one."""
        found = self.folder / TENSORBOARD if self.folder else None
        return found if found is not None and found.is_dir() else None


def read(sources: RunSources) -> Training | None:
    """The training of a run, or of the model that the run took from the cache.

    Raises:
      DashboardError: `training_record`: Its files break their contract.
    """
    folder = sources.files(outputs.MODEL_RUN)
    whole = _history(folder) if folder else ()
    epochs = whole or _reported(sources)
    detector = detector_of(sources)
    if not epochs and not detector:
        return None
    return Training(
        epochs=epochs,
        is_whole=bool(whole),
        detector=detector,
        settings=_settings(detector),
        trained_by=_trained_by(sources),
        folder=folder,
        selection=_classes(sources, Split.VAL),
    )


def detector_of(sources: RunSources) -> Detector:
    """What the model of a run says of itself; empty where it is gone, or there is none.

    Raises:
      DashboardError: `training_record`: It does not say all that a page needs.
    """
    model = sources.artifact(outputs.MODEL)
    if model is None:
        return {}
    try:
        found = side_files.detector(model)
    except FilesGoneError:
        return {}
    if missing := [name for name in _SAID if name not in found]:
        raise DashboardError(
            "training_record",
            f"the detector.json of model {model.id} does not say {', '.join(missing)}: it is of"
            " another version; train the model again to see its page",
        )
    return found


def _settings(detector: Detector) -> TrainingConfig | None:
    if not detector:
        return None
    try:
        return TrainingConfig(**detector["training"])
    except (TypeError, ValueError) as error:
        raise DashboardError(
            "training_record",
            f"the model's detector.json holds no training settings of this version ({error!r});"
            " train it again to see its page",
        ) from error


def _history(folder: pathlib.Path) -> Sequence[Epoch]:
    if not (folder / history.HISTORY_FILE).is_file():
        return ()
    try:
        return history.read(folder)
    except (ValueError, TypeError) as error:
        raise DashboardError(
            "training_record",
            f"{folder / history.HISTORY_FILE} holds no epochs of this version ({error}); restore"
            " it, or train again",
        ) from error


def _reported(sources: RunSources) -> Sequence[Epoch]:
    """Epochs of a training without a history file (yet), from the run's journal."""
    by_number = {
        int(event.fields["epoch"]): event.fields
        for event in RunFollower(sources.folder).read()
        if isinstance(event, Progressed) and event.node == names.TRAINER and "loss" in event.fields
    }
    return tuple(
        Epoch(
            stage="",
            epoch=number,
            loss=float(fields["loss"]),
            val_loss=math.nan,
            val_auc=float(fields["val_auc"]),
            learning_rate=math.nan,
            seconds=math.nan,
        )
        for number, fields in sorted(by_number.items())
    )


def _trained_by(sources: RunSources) -> str:
    model = sources.artifact(outputs.MODEL)
    if model is None or sources.store is None:
        return ""
    links = sources.store.links_of_artifacts([model.id], is_output=True)
    makers = sources.store.executions(link.execution_id for link in links).values()
    found = next((maker.run for maker in makers if maker.state != CACHED), "")
    return "" if found == sources.run_id else found


def _classes(sources: RunSources, split: Split) -> Classes | None:
    """Videos with at least one track in the split, by class."""
    manifest, examples = sources.files(outputs.MANIFEST), sources.files(outputs.EXAMPLES)
    if manifest is None or examples is None:
        return None
    try:
        records = video_record.read(manifest / video_record.FILE_NAME)
        rows = track_index.read(str(examples))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DashboardError(
            "training_record",
            f"the videos of the split {split.value} cannot be counted: {error}; restore the files",
        ) from error
    used = {row.record_key for row in rows if row.split == split.value}
    labels = [record.is_fake for record in records if record.key in used]
    return Classes(num_fakes=sum(labels), num_reals=len(labels) - sum(labels))
