"""Steps, slices and gates in words for readers who neither train nor measure models.

"Recall" and "AUC" become counts of videos and of pairs; the exact sentence of a gate stands beside.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

from pipeline.evaluation import statistics
from pipeline.evaluation.summary import OVERALL, Gate, SliceSummary
from schemas import features, taxonomy

# What a run does at a node: "the run stopped while it was ...".
_AT_WORK: Final = {
    "VideoValidator": "checking the videos",
    "FrameExtractor": "finding faces in the videos",
    "StatisticsGen": "counting what the data holds",
    "ImportSchemaGen": "loading the rules for the data",
    "ExampleValidator": "holding the data against its rules",
    "DataGate": "deciding whether the data may be used",
    "Transform": "preparing the data for training",
    "Trainer": "training the detector",
    "LatestBlessedModel": "looking up the last accepted detector",
    "Evaluator": "testing the detector",
    "ServingValidator": "trying the detector in a server",
    "Pusher": "releasing the detector",
}
_REALS: Final = "real videos"
_SLICES: Final = {
    features.MANIPULATION_METHOD: "{} made by {}",
    features.MANIPULATION_TYPE: "{} of the type {}",
    features.DATASET_NAME: "{} of the dataset {}",
    features.COMPRESSION_LEVEL: "{} compressed as {}",
    features.CONTEXT: "{} of the context {}",
    features.VIDEO_CODEC: "{} in the codec {}",
    features.FACE_SIZE_BUCKET: "{} with faces of the size {}",
    features.RESOLUTION_BUCKET: "{} of the resolution {}",
}
_PRISTINE: Final = {
    (features.MANIPULATION_METHOD, taxonomy.PRISTINE_METHOD),
    (features.MANIPULATION_TYPE, taxonomy.PRISTINE_TYPE),
}


def at_work(node: str) -> str:
    """What the run does at a node, as in "while it was ..."."""
    return _AT_WORK.get(node, f"at {node}")


def videos_of(slice_name: str, noun: str) -> str:
    """The videos of a slice: `fakes made by face_swap`; for the overall slice `noun` alone."""
    if slice_name == OVERALL:
        return noun
    for pair in slice_name.split(", "):
        key, _, value = pair.partition(":")
        if (key, value) not in _PRISTINE:  # "real videos made by original" would be odd
            noun = _SLICES.get(key, f"{{}} with {key} {{}}").format(noun, value)
    return noun


def gate(gate: Gate, entry: SliceSummary | None) -> str:
    """Why a gate held the model back.

    Args:
      gate: A broken one.
      entry: Its slice; None where it was not evaluated.
    """
    sentence = _SENTENCES.get(gate.metric)
    if gate.value is None or sentence is None or entry is None:
        return f"It could not be judged on all that it must be: {gate.reason}."
    return sentence(gate, gate.value, entry)


def per_hundred(share: float) -> str:
    """A share in [0, 1] as a number out of 100, with a decimal where it needs one."""
    return f"{round(100 * share, 1):g}"


def found_fakes(share: float, num_fakes: int) -> str:
    """`9 of 10`: a share of fakes as videos."""
    return f"{round(share * num_fakes)} of {num_fakes}"


def _recall(gate: Gate, value: float, entry: SliceSummary) -> str:
    size = entry.num_fake_videos
    return (
        f"It found {found_fakes(value, size)} {videos_of(gate.slice_name, 'fakes')};"
        f" at least {math.ceil(gate.bound * size - 1e-9)} were required."
    )


def _specificity(gate: Gate, value: float, entry: SliceSummary) -> str:
    size = entry.num_real_videos
    allowed = math.floor((1 - gate.bound) * size + 1e-9)
    return (
        f"It called {size - round(value * size)} of {size}"
        f" {videos_of(gate.slice_name, _REALS)} fake; at most {allowed} were allowed."
    )


def _auc(gate: Gate, value: float, entry: SliceSummary) -> str:
    among = "" if gate.slice_name == OVERALL else f", {videos_of(gate.slice_name, 'both')},"
    pairs = (
        f"Shown a fake and a real video{among or ','} it gave the fake the higher score"
        f" {per_hundred(value)} times out of 100;"
    )
    if gate.baseline is None:
        return f"{pairs} at least {per_hundred(gate.bound)} were required."
    return (
        f"{pairs} the last accepted detector did so {per_hundred(gate.baseline)} times,"
        f" and at most {per_hundred(-gate.bound)} fewer are allowed."
    )


def _balanced_accuracy(gate: Gate, value: float, entry: SliceSummary) -> str:
    return (
        f"It judged {per_hundred(value)} of 100 videos right, fakes and real ones counted alike;"
        f" at least {per_hundred(gate.bound)} were required."
    )


def _too_few(noun: str) -> Callable[[Gate, float, SliceSummary], str]:
    def sentence(gate: Gate, value: float, entry: SliceSummary) -> str:
        return (
            f"There were only {value:.0f} {noun} to test it on; at least {gate.bound:.0f} are"
            " needed to judge it."
        )

    return sentence


_SENTENCES: Final[Mapping[str, Callable[[Gate, float, SliceSummary], str]]] = {
    statistics.RECALL: _recall,
    statistics.SPECIFICITY: _specificity,
    statistics.AUC: _auc,
    statistics.BALANCED_ACCURACY: _balanced_accuracy,
    statistics.NUM_FAKE_VIDEOS: _too_few("fakes"),
    statistics.NUM_REAL_VIDEOS: _too_few(_REALS),
}
