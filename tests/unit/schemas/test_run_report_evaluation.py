"""What an evaluation found, as plain values."""

from schemas.run_report import (
    OVERALL,
    EvaluationSummary,
    Gate,
    SliceSummary,
    slice_name,
)


def gate(reason, *, passed):
    values = {"metric": "video_auc", "slice_name": OVERALL, "value": 0.7, "bound": 0.8}
    return Gate(**values, baseline=None, passed=passed, reason=reason)


def found(*slices, gates=()):
    return EvaluationSummary(blessed=False, has_baseline=False, slices=slices, gates=gates)


def of_slice(name):
    counts = {"num_videos": 3, "num_fake_videos": 2, "num_real_videos": 1}
    return SliceSummary(name=name, **counts, metrics={}, track_metrics={})


def test_a_slice_is_named_by_its_features_and_values():
    assert slice_name([]) == OVERALL
    pairs = [("manipulation_method", "swap"), ("compression_level", "c23")]
    assert slice_name(pairs) == "manipulation_method:swap, compression_level:c23"


def test_the_overall_slice_is_found_by_its_name():
    overall = of_slice(OVERALL)
    assert found(of_slice("manipulation_method:swap"), overall).overall is overall
    assert found().overall is None


def test_the_reasons_are_those_of_the_broken_gates():
    gates = (gate("too low", passed=False), gate("high enough", passed=True))
    assert found(gates=gates).reasons == ("too low",)
