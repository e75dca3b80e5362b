"""Which videos are made: pairs, groups, balance."""

import collections

import pytest

from pipeline.demo import plan
from pipeline.demo.forgeries import FAMILIES
from schemas import taxonomy


@pytest.fixture(scope="module")
def records():
    return [video.record() for video in plan.videos(plan.Parameters())]


def test_there_are_enough_videos_of_enough_people(records):
    assert len(records) == 168
    assert len({record.video_id for record in records}) == 168
    assert len({record.target_identity for record in records}) == 24


@pytest.mark.parametrize("num_takes", [1, 2, 3, 4])
def test_every_real_video_has_a_forgery_of_itself(num_takes):
    parameters = plan.Parameters(num_identities=6, num_takes=num_takes)
    records = [video.record() for video in plan.videos(parameters)]
    reals = {r.video_id: r for r in records if not r.is_fake}
    fakes = [r for r in records if r.is_fake]
    assert {fake.source_video for fake in fakes} == set(reals)
    for fake in fakes:
        source = reals[fake.source_video]
        assert fake.target_identity == source.target_identity
        assert fake.compression_level == source.compression_level
        assert fake.context == source.context


def test_swaps_join_identities_in_pairs_only(records):
    donors = {r.target_identity: r.source_identity for r in records if r.source_identity}
    assert len(donors) == 24
    assert all(donors[donors[target]] == target != donors[target] for target in donors)
    assert {r.manipulation_method for r in records if r.source_identity} == {"demo_face_swap"}


def test_compression_and_context_say_nothing_of_the_method(records):
    counts = collections.Counter(
        (r.manipulation_method, r.compression_level, r.context) for r in records
    )
    for method in (taxonomy.PRISTINE_METHOD, *(family.method for family in FAMILIES)):
        cells = [n for (found, *_), n in counts.items() if found == method]
        assert len(cells) == 4
        assert max(cells) <= 1.5 * min(cells)


def test_words_are_those_of_the_taxonomy(records):
    assert {r.manipulation_type for r in records} <= set(taxonomy.MANIPULATION_TYPES)
    assert len({r.manipulation_type for r in records}) == 5
    assert {r.context for r in records} <= set(taxonomy.CONTEXTS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"num_identities": 5}, "num_identities must be even and positive, got 5"),
        ({"num_identities": 0}, "num_identities must be even and positive, got 0"),
        ({"num_takes": 5}, "num_takes must be from 1 to 4.*got 5"),
        ({"seed": -1}, "seed must not be negative, got -1"),
        ({"seconds": 0.01}, "seconds x fps must give a frame, got 0.01 x 25"),
    ],
)
def test_parameters_out_of_range_are_echoed(values, message):
    with pytest.raises(ValueError, match=message):
        plan.Parameters(**values)
