"""Tests of the assignment to splits."""

import collections
import dataclasses
import pathlib
import random

import pytest
from coded import raises_code

from components.video_validator import rows, splits
from components.video_validator.settings import SplitPlan
from schemas import manifest, taxonomy

FRACTIONS = {"train": 0.55, "val": 0.15, "calibration": 0.15, "test": 0.15}
PLAN = SplitPlan(**FRACTIONS, seed=0)
REAL_CLIPS = pathlib.Path(__file__).parents[5] / "shared/data/clips/manifest.csv"


@pytest.fixture
def population(video):
    """100 videos of people with one to five videos each, every second one a fake."""

    def make(seed):
        source = random.Random(seed)
        people = [f"person {n}" for n in range(40) for _ in range(source.randint(1, 5))]
        return [
            video(
                f"v{n}",
                fake=True,
                target_identity=who,
                manipulation_method=source.choice(("swap", "puppet")),
            )
            if n % 2
            else video(f"v{n}", target_identity=who)
            for n, who in enumerate(people[:100])
        ]

    return make


def parts(records):
    return collections.Counter((record.split, record.is_fake) for record in records)


def test_fractions_are_met_for_videos_classes_and_methods(population):
    placed = splits.assign(population(0), PLAN)
    by_split = collections.Counter(record.split for record in placed)
    by_part = collections.Counter((r.split, r.manipulation_method) for r in placed)
    methods = collections.Counter(record.manipulation_method for record in placed)
    for split, fraction in FRACTIONS.items():
        assert by_split[split] / 100 == pytest.approx(fraction, abs=0.05)
        for method, total in methods.items():
            assert by_part[split, method] / total == pytest.approx(fraction, abs=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_equal_groups_are_dealt_out_by_the_nearest_whole_numbers(video, seed):
    """Of 12 groups, 6.6 and three times 1.8 are wanted."""
    records = [
        video(f"{person} {kind}", fake=kind == "fake", target_identity=str(person))
        for person in range(12)
        for kind in taxonomy.LABELS
    ]
    placed = splits.assign(records, dataclasses.replace(PLAN, seed=seed))
    videos = collections.Counter(record.split for record in placed)
    assert videos == {"train": 12, "val": 4, "calibration": 4, "test": 4}


def test_no_person_is_in_two_splits(population):
    splits_of = collections.defaultdict(set)
    for record in splits.assign(population(1), PLAN):
        splits_of[record.target_identity].add(record.split)
    assert {len(found) for found in splits_of.values()} == {1}


def test_the_order_of_rows_does_not_matter(population):
    records = population(2)
    shuffled = random.Random(0).sample(records, len(records))
    assert splits.assign(records, PLAN) == splits.assign(shuffled, PLAN)


def test_another_seed_gives_another_assignment(population):
    records = population(3)
    other = dataclasses.replace(PLAN, seed=1)
    assert splits.assign(records, PLAN) != splits.assign(records, other)


def test_one_more_video_moves_few_others(population, video):
    """Rank-and-fill schemes move half of the videos here; see the docstring of `splits`."""
    moved = []
    for seed in range(10):
        records = population(seed)
        for person in ("person 3", "somebody new"):
            more = [*records, video("one more", target_identity=person)]
            before = {record.key: record.split for record in splits.assign(records, PLAN)}
            after = {record.key: record.split for record in splits.assign(more, PLAN)}
            moved.append(sum(before[key] != after[key] for key in before) / len(before))
    assert sum(moved) / len(moved) < 0.1


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("mixed", "only_real", "only_fake"), [(4, 0, 0), (0, 4, 4), (2, 2, 2), (1, 9, 3), (0, 30, 4)]
)
def test_every_split_has_both_classes_when_that_is_just_possible(
    video, seed, mixed, only_real, only_fake
):
    source = random.Random(seed)

    def person(name, *kinds):
        times = source.randint(1, 6)
        return [
            video(f"{name} {n} {kind}", fake=kind == "fake", target_identity=name)
            for n in range(times)
            for kind in kinds
        ]

    people = [person(f"m{n}", "real", "fake") for n in range(mixed)]
    people += [person(f"r{n}", "real") for n in range(only_real)]
    people += [person(f"f{n}", "fake") for n in range(only_fake)]
    plan = dataclasses.replace(PLAN, seed=seed)
    placed = splits.assign([record for records in people for record in records], plan)
    assert set(parts(placed)) == {(s, fake) for s in taxonomy.SPLITS for fake in (True, False)}


def test_too_few_groups_are_refused_with_their_number(video):
    records = [video(f"r{n}") for n in range(9)] + [video(f"f{n}", fake=True) for n in range(3)]
    with raises_code(
        "split_unsatisfiable", match=r"9 independent groups with real.*3 with fakes"
    ) as e:
        splits.assign(records, PLAN)
    assert e.value.code == "split_unsatisfiable"


@pytest.mark.skipif(not REAL_CLIPS.is_file(), reason="the shared clips are not here")
def test_each_split_of_the_real_clips_gets_one_fake_person():
    candidates, letters = rows.validate(
        manifest.read(str(REAL_CLIPS)).rows, lambda path: str(REAL_CLIPS.parent / path)
    )
    assert not letters
    records = [dataclasses.replace(c.record, digest=c.sha256) for c in candidates]
    placed = splits.assign(records, PLAN)
    fakes = {(r.split, name) for r in placed if r.is_fake for name in r.identities}
    assert sorted(split for split, _ in fakes) == sorted(taxonomy.SPLITS)
    assert sum(not record.is_fake for record in placed) == 33
