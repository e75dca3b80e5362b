"""Joins the scores of tracks to scores of videos; every TFMA metric over videos begins here.

The tracks of a record key are joined by the rule of `schemas.scoring`, as a service answers for a
video. In a slice, a video is joined over those of its tracks that lie in the slice. V videos.
"""

from collections.abc import Iterable
from typing import Any, Final

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_util
from tensorflow_model_analysis.proto import config_pb2

from schemas import features
from schemas.scoring import Bools, Float64s, VideoScore

_NAME: Final = "_video_scores"  # TFMA drops what begins with an underscore from its results
Videos = dict[bytes, VideoScore]  # by record key


def arrays(videos: Videos) -> tuple[Bools, Float64s]:
    """Labels [V] bool and scores [V], by record key: the bootstrap depends on the order."""
    ordered = [videos[key] for key in sorted(videos)]
    is_fake = np.array([video.is_fake for video in ordered], dtype=np.bool_)
    return is_fake, np.array([video.score for video in ordered], dtype=np.float64)


def computation(
    eval_config: config_pb2.EvalConfig | None, model_name: str, output_name: str
) -> tfma.metrics.MetricComputation:
    """The joining, for metrics to derive theirs from; TFMA runs it once for all that ask for it.

    Its one key has a dict `Videos` as its value.
    """
    key = tfma.metrics.MetricKey(_NAME, model_name=model_name, output_name=output_name)
    return tfma.metrics.MetricComputation(
        keys=[key],
        preprocessors=[tfma.metrics.FeaturePreprocessor(feature_keys=[features.RECORD_KEY])],
        combiner=JoinTracksCombineFn(key, eval_config, model_name, output_name),
    )


class JoinTracksCombineFn(beam.CombineFn):
    """Joins tracks to videos; the accumulator holds one entry per video."""

    def __init__(
        self,
        key: tfma.metrics.MetricKey,
        eval_config: config_pb2.EvalConfig | None,
        model_name: str,
        output_name: str,
    ) -> None:
        self._key = key
        self._source = {
            "eval_config": eval_config,
            "model_name": model_name,
            "output_name": output_name,
        }

    def create_accumulator(self) -> Videos:
        return {}

    def add_input(self, accumulator: Videos, element: Any) -> Videos:
        key = np.asarray(element.features[features.RECORD_KEY]).item()
        tracks = metric_util.to_label_prediction_example_weight(element, **self._source)
        for label, prediction, _ in tracks:
            track = VideoScore(bool(label.item()), float(prediction.item()))
            accumulator[key] = accumulator.get(key, track).joined(track)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Videos]) -> Videos:
        merged: Videos = {}
        for accumulator in accumulators:
            for key, video in accumulator.items():
                merged[key] = merged.get(key, video).joined(video)
        return merged

    def extract_output(self, accumulator: Videos) -> dict[tfma.metrics.MetricKey, Videos]:
        return {self._key: accumulator}
