"""Frozen dataclasses of the configuration tree; their defaults are the reference."""

import dataclasses
import math
from typing import Final

from schemas import features
from schemas.settings import Settings, expect, expect_choice, expect_range

ENCODERS = ("efficientnet_lite0", "small_cnn")
ENGINES = ("in_memory", "multi_threading", "multi_processing")
MIXED_PRECISION = ("auto", "on", "off")
SQLITE: Final = "sqlite"
MYSQL: Final = "mysql"
BACKENDS: Final = (SQLITE, MYSQL)
# Environment variables of the account. In a cluster the Secret `metadata.secret` fills them.
USERNAME_VARIABLE: Final = "DEEPFAKE_METADATA_USERNAME"
PASSWORD_VARIABLE: Final = "DEEPFAKE_METADATA_PASSWORD"
_POSTGRESQL: Final = (
    "backend must not be postgresql: with ML Metadata 1.21 a backslash in any value breaks the SQL"
    " (and lets a crafted one run as SQL), two processes can register one type twice, and rows"
    " come back in any order, so that TFX swaps cached outputs and Pusher sees no blessing;"
    f" use one of {', '.join(BACKENDS)}"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the labelled videos are.

    Attributes:
      manifest: CSV or JSONL file with one row per video; `deepfake run --manifest` sets it.
      videos_root: Folder that paths of the manifest are relative to; the manifest's own folder if
        empty.
      notice: Sentence that every report says of figures from these videos; none if empty.
    """

    manifest: str = ""
    videos_root: str = ""
    notice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtractionConfig:
    """Limits of frame extraction.

    Attributes:
      timeout_seconds: Seconds after which one video is given up as `decode_timeout`, 1 to 86400.
    """

    timeout_seconds: float = 120.0

    def __post_init__(self) -> None:
        expect_range(self, 1, 86400, "timeout_seconds")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig(Settings):
    """The model and how it is trained.

    Attributes:
      encoder: Network that turns a frame into features: `efficientnet_lite0` with ImageNet weights,
        or `small_cnn`, which learns from scratch.
      trainable_blocks: Last blocks of EfficientNet-Lite0 that fine-tuning trains, 0 to 16.
      rnn_units: Units of each direction of the GRU over the frames of a clip, 1 to 4096.
      dense_units: Units of the layer that projects the features of a frame, 1 to 4096.
      dropout: Share of values dropped before each head while training, 0 to 0.95.
      batch_size: Clips per step and replica, half pristine and half fake, 2 to 4096.
      epochs: Passes over the training clips with the encoder frozen, at least 1.
      fine_tune_epochs: Passes over the training clips with the last blocks trainable, after those
        with the encoder frozen, at least 0. `small_cnn` trains whole for the sum of both.
      learning_rate: Greatest learning rate of the heads, and of all of `small_cnn`, 1e-8 to 1; it
        falls to a tenth along a cosine.
      fine_tune_learning_rate: Greatest learning rate with the last blocks trainable, 1e-8 to 1; it
        falls to a tenth along a cosine.
      weight_decay: Weight decay of the AdamW optimizer, at least 0.
      label_smoothing: Probability moved from the right class to the other in the loss, 0 to 0.49.
      frame_loss_weight: Share of the loss over frames in the whole loss, 0 to 1; the rest is the
        loss over clips.
      patience: Epochs without a better AUC over the videos of `val` after which a stage ends, at
        least 1.
      augmentation: Strength of the augmentation, which is the same for all frames of a clip, at
        least 0; 0 = none, 1 = default.
      mixed_precision: Whether to compute in float16: `on`, `off`, or `auto` = where a GPU is.
      seed: Any whole number; decides initial weights, order of the clips and augmentation.
    """

    encoder: str = "efficientnet_lite0"
    trainable_blocks: int = 4
    rnn_units: int = 64
    dense_units: int = 128
    dropout: float = 0.5
    batch_size: int = 16
    epochs: int = 15
    fine_tune_epochs: int = 5
    learning_rate: float = 1e-3
    fine_tune_learning_rate: float = 1e-4
    weight_decay: float = 1e-4
    label_smoothing: float = 0.02
    frame_loss_weight: float = 0.4
    patience: int = 5
    augmentation: float = 1.0
    mixed_precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        expect_choice("encoder", self.encoder, ENCODERS)
        expect_choice("mixed_precision", self.mixed_precision, MIXED_PRECISION)
        expect_range(self, 0, 16, "trainable_blocks")
        expect_range(self, 1, 4096, "rnn_units", "dense_units")
        expect_range(self, 2, 4096, "batch_size")
        expect_range(self, 1, math.inf, "epochs", "patience")
        expect_range(self, 0, math.inf, "fine_tune_epochs", "weight_decay", "augmentation")
        expect_range(self, 0, 0.95, "dropout")
        expect_range(self, 0, 0.49, "label_smoothing")
        expect_range(self, 0, 1, "frame_loss_weight")
        expect_range(self, 1e-8, 1, "learning_rate", "fine_tune_learning_rate")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """Slices, and the thresholds of the gates: a value that equals its threshold passes.

    Attributes:
      slices: Feature keys to slice the test videos by, one at a time; the overall slice is always
        there.
      min_auc: Least AUC over all test videos, 0 to 1.
      min_balanced_accuracy: Least balanced accuracy over all test videos at P(fake) 0.5, 0 to 1.
      min_slice_recall: Least recall at P(fake) 0.5 in each large enough slice of fakes alone, 0 to
        1.
      min_slice_specificity: Least specificity at P(fake) 0.5 in each large enough slice of pristine
        videos alone, 0 to 1.
      min_slice_auc: Least AUC in each slice with enough videos of both classes, 0 to 1.
      min_slice_videos: Videos of each class in a slice from which it is gated, at least 1.
      min_test_videos: Videos of each class that `test` must hold for any blessing, at least 1.
      max_auc_drop: AUC over all test videos that a candidate may lose against the last blessed
        model, 0 to 1.
      confidence_level: Confidence level of the intervals over videos, 0.5 to 0.999.
      bootstrap_rounds: Resamples of the videos that intervals are made of, 100 to 100000.
    """

    slices: tuple[str, ...] = features.SLICE_KEYS[:5]
    min_auc: float = 0.8
    min_balanced_accuracy: float = 0.7
    min_slice_recall: float = 0.5
    min_slice_specificity: float = 0.5
    min_slice_auc: float = 0.6
    min_slice_videos: int = 5
    min_test_videos: int = 10
    max_auc_drop: float = 0.02
    confidence_level: float = 0.95
    bootstrap_rounds: int = 1000

    def __post_init__(self) -> None:
        for key in self.slices:
            expect_choice("slices", key, features.SLICE_KEYS)
        expect_range(self, 0, 1, "min_auc", "min_balanced_accuracy", "min_slice_recall")
        expect_range(self, 0, 1, "min_slice_specificity", "min_slice_auc", "max_auc_drop")
        expect_range(self, 1, math.inf, "min_slice_videos", "min_test_videos")
        expect_range(self, 0.5, 0.999, "confidence_level")
        expect_range(self, 100, 100_000, "bootstrap_rounds")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PushConfig:
    """Where blessed models go: `<base_directory>/<model_name>/<version>`.

    Attributes:
      base_directory: Folder that a model server watches; `<output>/serving` if empty.
      model_name: Name under which TensorFlow Serving offers the model.
    """

    base_directory: str = ""
    model_name: str = "deepfake"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BeamConfig:
    """Engine of Beam's DirectRunner; processes pay on long jobs only.

    Attributes:
      engine: How elements are worked on: `in_memory`, `multi_threading` or `multi_processing`.
      workers: Threads or processes that work at once, 1 to 1024; 1 with `in_memory`.
    """

    engine: str = "in_memory"
    workers: int = 1

    def __post_init__(self) -> None:
        expect_choice("engine", self.engine, ENGINES)
        expect_range(self, 1, 1024, "workers")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetadataConfig:
    """The ML Metadata store: a file for one machine, a server for a team or a cluster.

    Attributes:
      backend: Kind of store: `sqlite` for a file, `mysql` for a MariaDB or MySQL server.
      sqlite: Path of the SQLite file; `<output>/metadata.db` if empty.
      host: Name or address of the database server; needed with `mysql`.
      port: TCP port of the database server, 1 to 65535.
      database: Name of the database on the server; `deepfake metadata upgrade` makes its tables.
      secret: Kubernetes Secret with the keys `username` and `password`. Steps get them as
        DEEPFAKE_METADATA_USERNAME and DEEPFAKE_METADATA_PASSWORD; elsewhere you set these.
      ca_file: PEM file of the authority that signed the server's certificate; no TLS if empty.
    """

    backend: str = SQLITE
    sqlite: str = ""
    host: str = ""
    port: int = 3306
    database: str = "deepfake_metadata"
    secret: str = "deepfake-metadata"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if self.backend in ("postgresql", "postgres"):
            raise ValueError(_POSTGRESQL)
        expect_choice("backend", self.backend, BACKENDS)
        expect_range(self, 1, 65535, "port")
        if self.backend == MYSQL:
            expect("host", bool(self.host), "given with the backend mysql", self.host)
            expect("database", bool(self.database), "given with the backend mysql", self.database)
            expect("sqlite", not self.sqlite, "empty with the backend mysql", self.sqlite)
