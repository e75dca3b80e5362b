"""What two runs come to, in sentences."""

import pytest

from pipeline.dashboards.comparison import judgement
from pipeline.lineage import comparison

AUC = ("overall", "video_auc")
BALANCED = ("overall", "video_balanced_accuracy")
ECE = ("overall", "ece")


@pytest.fixture
def judged(facts):
    """The judgement on two runs whose metrics are given."""

    def judged(before, after, *, old_videos=(), new_videos=()):
        old = facts("r1", before, old_videos)
        new = facts("r2", after, new_videos)
        return judgement.judge(comparison.compare(old, new), old, new)

    return judged


@pytest.mark.parametrize(
    ("before", "after", "badge", "tone"),
    [
        ((0.7, 0.6, 0.8), (0.9, 0.85, 0.95), "better", "good"),
        ((0.9, 0.85, 0.95), (0.7, 0.6, 0.8), "worse", "bad"),
        ((0.9, 0.8, 1.0), (0.85, 0.75, 0.95), "cannot be told", ""),
        ((0.9, 0.8, 1.0), (0.9, 0.8, 1.0), "the same", ""),
        ((0.9, None, None), (0.5, 0.4, 0.6), "cannot be told", ""),
        ((0.9, 0.8, 0.9), (0.95, 0.9, 1.0), "cannot be told", ""),  # they touch
    ],
)
def test_only_intervals_that_are_apart_make_a_run_better_or_worse(
    judged, before, after, badge, tone
):
    found = judged({AUC: before}, {AUC: after})
    assert (found.badge, found.tone) == (badge, tone)


def test_figures_that_contradict_each_other_are_called_so(judged):
    low, high = (0.5, 0.45, 0.55), (0.9, 0.85, 0.95)
    found = judged({AUC: low, BALANCED: high}, {AUC: high, BALANCED: low})
    assert found.badge == "better and worse"


def test_the_sentence_gives_the_figures(judged):
    found = judged(
        {AUC: (0.7, 0.6, 0.8), BALANCED: (0.8, 0.7, 0.9)},
        {AUC: (0.9, 0.85, 0.95), BALANCED: (0.8, 0.7, 0.9)},
    )
    assert found.sentence == (
        "The later run is better on its test videos: AUC rose from 0.700 to 0.900 and the"
        " intervals are apart; balanced accuracy is 0.800 in both."
    )


def test_a_figure_that_does_not_decide_but_is_apart_is_not_kept_back(judged):
    same = {AUC: (0.9, 0.8, 1.0)}
    found = judged({**same, ECE: (0.1, 0.05, 0.15)}, {**same, ECE: (0.3, 0.25, 0.35)})
    assert found.badge == "the same"
    assert found.sentence.endswith(
        " Besides, ECE rose from 0.100 to 0.300 and the intervals are apart."
    )


def test_less_is_better_where_it_is(facts):
    old, new = facts("r1", {ECE: (0.3, 0.25, 0.35)}), facts("r2", {ECE: (0.1, 0.05, 0.15)})
    [change] = comparison.compare(old, new).metrics
    assert judgement.is_better(change)
    assert not judgement.is_worse(change)


def test_a_run_that_was_not_evaluated_is_named(judged):
    found = judged({AUC: (0.9, 0.8, 1.0)}, {})
    assert found.badge == "cannot be told"
    assert found.sentence == (
        "Whether the detector got better cannot be told: r2 was not evaluated."
    )


def test_the_same_test_videos_are_said_to_be_the_same(judged, video):
    figures = {AUC: (0.9, 0.8, 1.0)}
    videos = [video("v1"), video("v2", split="train")]
    found = judged(figures, figures, old_videos=videos, new_videos=[video("v1")])
    assert found.caution.startswith("Both were tested on the same 1 video,")
    assert "do not show that nothing changed" in found.caution


@pytest.mark.parametrize("changed", [{"digest": "other"}, {"is_fake": False}])
def test_videos_with_other_bytes_or_labels_are_other_videos(judged, video, changed):
    figures = {AUC: (0.9, 0.8, 1.0)}
    before, after = [video("v1"), video("v2")], [video("v1"), video("v2", **changed)]
    found = judged(figures, figures, old_videos=before, new_videos=after)
    assert "different videos (1 in both, 1 only before, 1 only after)" in found.caution


def test_what_changed_is_counted_and_nothing_is_called_nothing(facts, video):
    old = facts("r1", videos=[video("v1"), video("v2")], code={"Trainer": "a"})
    new = facts("r2", videos=[video("v1", split="train")], code={"Trainer": "b"}, configuration={})
    assert judgement.changed(comparison.compare(old, new)) == (
        "What changed: 1 video removed, 1 video moved between splits, 1 node with other code."
    )
    assert judgement.changed(comparison.compare(old, old)) == (
        "Nothing changed: the same videos, settings, code and packages."
    )


def test_what_could_not_be_compared_is_not_called_unchanged(facts):
    gone = facts("r1", missing=("the videos are unknown",))
    found = judgement.changed(comparison.compare(gone, gone))
    assert found == "Nothing changed in what could be compared."
