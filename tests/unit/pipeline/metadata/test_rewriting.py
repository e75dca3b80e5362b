"""Folders that moved."""

import pytest
from coded import raises_code

from pipeline.metadata import rewriting


def test_a_prefix_ends_at_a_name():
    rules = rewriting.parse(["/laptop/runs=/deepfake/me/"])
    assert rewriting.apply(rules, "/laptop/runs/a/3") == "/deepfake/me/a/3"
    assert rewriting.apply(rules, "/laptop/runs") == "/deepfake/me"
    assert rewriting.apply(rules, "/laptop/runs-old/a/3") == "/laptop/runs-old/a/3"


def test_the_longest_prefix_wins():
    rules = rewriting.parse(["/runs=/all", "/runs/special=/special"])
    assert rewriting.apply(rules, "/runs/special/3") == "/special/3"


@pytest.mark.parametrize("text", ["/runs", "=/new", "/=/new", "/runs="])
def test_what_is_no_rewrite_is_echoed(text):
    with raises_code("metadata_bad_rewrite", match=f"got {text!r}"):
        rewriting.parse([text])


def test_a_prefix_that_nothing_has_is_misspelt():
    rules = rewriting.parse(["/lpatop=/deepfake"])
    with raises_code("metadata_bad_rewrite", match=r"/lpatop.*like /laptop/a/3"):
        rewriting.expect_use(rules, ["/laptop/a/3"])
