"""Errors carry a code, cross processes, and hint at the nearest name."""

import inspect
import pickle
import re

import pytest
from coded import raised_codes

from schemas import errors
from schemas.errors import DeepfakeError, did_you_mean, listed, nearest

CLASSES = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, DeepfakeError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_errors_survive_the_way_from_another_process(kind):
    copy = pickle.loads(pickle.dumps(kind("a_code", "what was found")))
    assert type(copy) is kind
    assert (copy.code, str(copy)) == ("a_code", "what was found")


def test_codes_are_snake_case_words():
    codes = set(raised_codes(*(kind.__name__ for kind in CLASSES)))
    assert len(codes) > 80
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code) for code in codes)


@pytest.mark.parametrize(
    ("name", "hint"), [("Trainr", "; did you mean Trainer?"), ("zebra", ""), ("", "")]
)
def test_the_nearest_name_is_the_hint(name, hint):
    assert did_you_mean(name, ("Trainer", "Pusher")) == hint


def test_a_prefix_makes_the_name_whole():
    assert did_you_mean("epoch", ("epochs",), prefix="training.") == (
        "; did you mean training.epochs?"
    )


def test_the_last_part_of_a_name_is_nearest():
    assert nearest("clip", ("cliq", "train/clip")) == "train/clip"
    assert nearest("", ("train/", "clip")) == ""


def test_a_list_of_names_ends_after_five():
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert listed([]) == "none"
