"""Evaluations of made scores, written as TFMA writes them, without running a model."""

import dataclasses
import datetime
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

from pipeline.config.sections import EvaluationConfig
from pipeline.dashboards import sources
from pipeline.dashboards.sources import RunSources
from pipeline.evaluation import eval_config, results, video_metrics, video_plots
from pipeline.evaluation.video_scores import Videos
from pipeline.lineage.records import LIVE, Artifact
from pipeline.lineage.side_files import SERVING_MODEL
from schemas import signatures
from schemas.scoring import VideoScore

SliceKey = tuple[tuple[str, str], ...]
Slices = Mapping[SliceKey, Videos]  # the overall slice has an empty key

CONFIG = EvaluationConfig(
    min_slice_videos=3, bootstrap_rounds=100, min_test_videos=2, min_balanced_accuracy=0.5
)


def videos(fakes: Sequence[float], reals: Sequence[float], prefix: str = "") -> Videos:
    """Videos of those scores."""
    made = {f"{prefix}fake{at}".encode(): VideoScore(True, s) for at, s in enumerate(fakes)}
    return made | {f"{prefix}real{at}".encode(): VideoScore(False, s) for at, s in enumerate(reals)}


def write_evaluation(
    folder: pathlib.Path,
    slices: Slices,
    *,
    baseline: Slices | None = None,
    config: EvaluationConfig = CONFIG,
    has_curves: bool = True,
) -> str:
    """Writes what TFMA's Evaluator would have found; returns the folder as a URI."""
    folder.mkdir(parents=True)
    keys = dict.fromkeys(feature for key in slices for feature, _ in key)
    config = dataclasses.replace(config, slices=tuple(keys))
    whole = tfma.utils.update_eval_config_with_defaults(
        eval_config.eval_config(config), has_baseline=baseline is not None, rubber_stamp=True
    )
    run = config_pb2.EvalRun(eval_config=whole, version="made", file_format="tfrecords")
    (folder / "eval_config.json").write_text(json_format.MessageToJson(run))
    sides = {"": slices} if baseline is None else {"candidate": slices, "baseline": baseline}
    found = {key: _values(sides, key, config, has_curves) for key in slices}
    metrics = {key: _of(values, plots=False) for key, values in found.items()}
    plots = {key: _of(values, plots=True) for key, values in found.items()}
    for name, convert, by_slice in (
        ("metrics", writer.convert_slice_metrics_to_proto, metrics),
        ("plots", writer.convert_slice_plots_to_proto, plots),
    ):
        messages = [convert(item, None) for item in by_slice.items()]
        _write(folder / f"{name}-00000-of-00001.tfrecord", messages)
    combiner, judged = writer.CombineValidations(whole), None
    for item in metrics.items():
        judged = combiner.add_input(judged, metrics_validator.validate_metrics(item, whole))
    _write(folder / "validations.tfrecord", [combiner.extract_output(judged)])
    return str(folder)


def _values(
    sides: Mapping[str, Slices], where: SliceKey, config: EvaluationConfig, has_curves: bool
) -> dict[Any, Any]:
    settings = video_metrics.Settings(
        config.min_slice_videos, config.bootstrap_rounds, config.confidence_level
    )
    found: dict[Any, Any] = {}
    for model, slices in sides.items():
        metrics = [video_metrics.VideoMetrics(*settings, code_fingerprint="made")]
        if has_curves:
            metrics.append(video_plots.VideoPlots(24, code_fingerprint="made"))
        for metric in metrics:
            joined, derived = metric.computations(model_names=[model])
            found |= derived.result({joined.keys[0]: slices[where]})
    if "candidate" in sides:  # as TFMA compares the models
        for key in [k for k in found if k.model_name == "candidate"]:
            if isinstance(found[key], float):
                found[key.make_diff_key()] = found[key] - found[key.make_baseline_key("baseline")]
    return found


def _of(values: Mapping[Any, Any], *, plots: bool) -> dict[Any, Any]:
    kind = tfma.metrics.PlotKey
    return {key: value for key, value in values.items() if isinstance(key, kind) is plots}


def _write(path: pathlib.Path, messages: Sequence[Any]) -> None:
    with tf.io.TFRecordWriter(str(path)) as records:
        for message in messages:
            records.write(message.SerializeToString())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluations:
    """Makes runs with evaluations."""

    folder: pathlib.Path
    make_run: Callable[..., Any]

    def __call__(
        self,
        slices: Slices,
        *,
        run_id: str = "r1",
        thresholds: Sequence[float] = (0.7, 0.6),
        **others: Any,
    ) -> RunSources:
        """The sources of a run that found this.

        Args:
          slices: Videos by slice.
          run_id: Of the run.
          thresholds: Of its model.
          others: As of `write_evaluation`.
        """
        uri = write_evaluation(self.folder / run_id / "evaluation", slices, **others)
        found = results.load(uri)
        facts = {"evaluation": dataclasses.asdict(found)}
        run = self.make_run(run_id, facts, version="7" if found.blessed else "")
        artifacts = {
            sources.EVALUATION: [_artifact("ModelEvaluation", uri)],
            sources.MODEL: [_artifact("Model", self._model(run_id, thresholds))],
        }
        return dataclasses.replace(sources.of_run(run, None), artifacts=artifacts)

    def _model(self, run_id: str, thresholds: Sequence[float]) -> str:
        folder = self.folder / run_id / "model"
        extra = folder / SERVING_MODEL / signatures.EXTRA_ASSETS
        extra.mkdir(parents=True)
        detector = {signatures.THRESHOLDS: list(thresholds)}
        (extra / signatures.DETECTOR_FILE).write_text(json.dumps(detector))
        return str(folder)


def _artifact(kind: str, uri: str) -> Artifact:
    created = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    return Artifact(id=1, type=kind, uri=uri, state=LIVE, properties={}, created=created)


@pytest.fixture
def evaluated(tmp_path: pathlib.Path, make_run: Callable[..., Any]) -> Evaluations:
    """`evaluated(slices, baseline=...)`: the sources of a run that found this."""
    return Evaluations(folder=tmp_path / "evaluations", make_run=make_run)


@pytest.fixture
def config() -> EvaluationConfig:
    """What evaluations are made with, unless a test says otherwise."""
    return CONFIG


@pytest.fixture
def small() -> Slices:
    """Three fakes and three reals of one method each way, and a single video of another method.

    Fakes score 0.9, 0.8, 0.4 (and 0.3 the single one), reals 0.65, 0.2, 0.1.
    """
    swap, rare = videos([0.9, 0.8, 0.4], []), videos([0.3], [], "rare ")
    originals = videos([], [0.65, 0.2, 0.1])
    method = "manipulation_method"
    return {
        (): swap | rare | originals,
        ((method, "original"),): originals,
        ((method, "rare"),): rare,
        ((method, "swap"),): swap,
        (("compression_level", "c23"),): swap | originals,
    }


@pytest.fixture
def two_hundred() -> Slices:
    """200 slices of 100 to 400 videos with overlapping scores, and all of them together."""
    generator = np.random.default_rng(0)
    slices: dict[SliceKey, Videos] = {(): {}}
    for number in range(200):
        size, skill = generator.integers(50, 200), generator.uniform(1.5, 5)
        made = videos(
            generator.beta(skill, 2, size).tolist(),
            generator.beta(2, skill, size).tolist(),
            prefix=f"{number} ",
        )
        slices[(("manipulation_method", f"method_{number:03d}"),)] = made
        slices[()].update(made)
    return slices
