"""Frozen dataclasses of the configuration tree; their defaults are the reference."""

import dataclasses
import math
from typing import Final

from schemas import features, taxonomy

ENCODERS = ("efficientnet_lite0", "small_cnn")
ENGINES = ("in_memory", "multi_threading", "multi_processing")
MIXED_PRECISION = ("auto", "on", "off")
SEVERITIES = ("ERROR", "WARNING")
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


def expect(name: str, ok: bool, expected: str, value: object) -> None:
    """Raises ValueError, with the value, unless `ok`."""
    if not ok:
        raise ValueError(f"{name} must be {expected}, got {value!r}")


def expect_range(section: object, low: float, high: float, *names: str) -> None:
    """Checks that the named fields of `section` lie in [low, high]."""
    for name in names:
        value = getattr(section, name)
        upper = "" if math.isinf(high) else f" and at most {high:g}"
        expect(name, low <= value <= high, f"at least {low:g}{upper}", value)


def expect_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Checks that `value` is one of `choices`."""
    expect(name, value in choices, f"one of {', '.join(choices)}", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the labelled videos are.

    Attributes:
      manifest: CSV or JSONL file; `deepfake run --manifest` sets it.
      videos_root: Folder that paths of the manifest are relative to; its own folder if empty.
      notice: What every report must say of figures from these videos.
    """

    manifest: str = ""
    videos_root: str = ""
    notice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoRules:
    """Which videos are accepted; the others become dead letters."""

    min_duration_seconds: float = 0.5
    max_duration_seconds: float = 3600.0
    min_fps: float = 5.0
    max_fps: float = 240.0
    min_side_pixels: int = 64

    def __post_init__(self) -> None:
        expect_range(self, 0, math.inf, "min_duration_seconds", "min_fps", "min_side_pixels")
        for low, high in (("min_duration_seconds", "max_duration_seconds"), ("min_fps", "max_fps")):
            value, least = getattr(self, high), getattr(self, low)
            expect(high, value > least, f"greater than {low} ({least:g})", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """Fractions of the videos per split, and the seed of the assignment."""

    train: float = 0.55
    val: float = 0.15
    calibration: float = 0.15
    test: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        expect_range(self, 0.01, 0.97, *taxonomy.SPLITS)
        total = sum(self.fractions.values())
        expect("the sum of the fractions", abs(total - 1) < 1e-6, "1", total)

    @property
    def fractions(self) -> dict[str, float]:
        """Fraction by split name."""
        return {split: getattr(self, split) for split in taxonomy.SPLITS}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtractionConfig:
    """Limits of frame extraction."""

    timeout_seconds: float = 120.0

    def __post_init__(self) -> None:
        expect_range(self, 1, 86400, "timeout_seconds")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataGateConfig:
    """When the data stops the run.

    Attributes:
      max_dead_letter_ratio: Share of manifest rows that may be left out.
      min_videos_per_class: Least number of videos of each class in each split.
      blocking_severities: Anomaly severities of TFDV that block.
      allowed_anomalies: Feature names whose anomalies are let through.
    """

    max_dead_letter_ratio: float = 0.1
    min_videos_per_class: int = 1
    blocking_severities: tuple[str, ...] = ("ERROR",)
    allowed_anomalies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        expect_range(self, 0, 1, "max_dead_letter_ratio")
        expect_range(self, 1, math.inf, "min_videos_per_class")
        for severity in self.blocking_severities:
            expect_choice("blocking_severities", severity, SEVERITIES)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The model and how it is trained.

    Attributes:
      encoder: Frame encoder: ImageNet EfficientNet-Lite0, or a small net from scratch.
      trainable_blocks: Last blocks of EfficientNet-Lite0 that fine-tuning trains (0 to 16).
      rnn_units: Of each direction of the GRU.
      dense_units: Of the per-frame projection.
      dropout: Rate before each head, in [0, 1).
      batch_size: Clips per step and replica; half pristine, half fake.
      epochs: With the encoder frozen.
      fine_tune_epochs: With the last blocks trainable, after those.
      learning_rate: Of the heads (and of the small net).
      fine_tune_learning_rate: Peak, with the last blocks trainable.
      weight_decay: Of AdamW.
      label_smoothing: In [0, 0.5).
      frame_loss_weight: Share of the per-frame term in the loss, in [0, 1].
      patience: Epochs without a better selection AUC before training stops.
      augmentation: Strength of the clip-consistent augmentation, 0 = none, 1 = default.
      mixed_precision: `auto` = on where a GPU is.
      seed: Of weights, order and augmentation.
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
    """Slices, and the thresholds of the gates: a gate holds where value >= threshold.

    Attributes:
      slices: Feature keys to slice by, one at a time; the overall slice is always there.
      min_auc: Of the overall slice, over videos.
      min_balanced_accuracy: Of the overall slice, at probability 0.5.
      min_slice_recall: Of each fakes-only slice that is large enough.
      min_slice_specificity: Of each reals-only slice that is large enough.
      min_slice_auc: Of each slice with enough videos of both classes.
      min_slice_videos: Videos (per class in mixed slices) from which a slice is gated.
      min_test_videos: Videos of each class that the test split must hold for any blessing.
      max_auc_drop: Overall AUC that a candidate may lose against the last blessed model.
      confidence_level: Of the bootstrap intervals over videos.
      bootstrap_rounds: Resamples of the intervals.
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
class ServingCheckConfig:
    """How the exported model is tried in a server process before it may be pushed.

    Attributes:
      num_requests: Examples sent through each signature.
      startup_timeout_seconds: From process start to a model that answers.
      request_timeout_seconds: Per request.
      max_score_difference: Allowed between the server's and the trainer's own scores.
    """

    num_requests: int = 8
    startup_timeout_seconds: float = 120.0
    request_timeout_seconds: float = 60.0
    max_score_difference: float = 1e-3

    def __post_init__(self) -> None:
        expect_range(self, 1, 1000, "num_requests")
        expect_range(self, 1, 3600, "startup_timeout_seconds", "request_timeout_seconds")
        expect_range(self, 0, 1, "max_score_difference")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PushConfig:
    """Where blessed models go: `<base_directory>/<model_name>/<version>`.

    Attributes:
      base_directory: Below the output folder if empty.
      model_name: Name under which TensorFlow Serving offers the model.
    """

    base_directory: str = ""
    model_name: str = "deepfake"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BeamConfig:
    """Engine of Beam's DirectRunner; processes pay on long jobs only."""

    engine: str = "in_memory"
    workers: int = 1

    def __post_init__(self) -> None:
        expect_choice("engine", self.engine, ENGINES)
        expect_range(self, 1, 1024, "workers")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetadataConfig:
    """The ML Metadata store: a file for one machine, a server for a team or a cluster.

    Attributes:
      backend: `sqlite`, or `mysql` for a MariaDB or MySQL server.
      sqlite: File; `<output>/metadata.db` if empty.
      host: Of the server.
      port: Of the server.
      database: On the server; `deepfake metadata upgrade` makes its tables.
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
