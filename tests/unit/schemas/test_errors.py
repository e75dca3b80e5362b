"""A mistyped name is answered with the nearest, a strange one with nothing."""

import pytest

from schemas.errors import did_you_mean


@pytest.mark.parametrize(
    ("name", "hint"), [("Trainr", "; did you mean Trainer?"), ("zebra", ""), ("", "")]
)
def test_the_nearest_name_is_the_hint(name, hint):
    assert did_you_mean(name, ("Trainer", "Pusher")) == hint


def test_a_prefix_makes_the_name_whole():
    assert did_you_mean("epoch", ("epochs",), prefix="training.") == (
        "; did you mean training.epochs?"
    )
