"""What is read of a history: folders that moved have their new names."""

import pytest
from coded import raises_code

from pipeline.metadata import snapshot


def test_a_prefix_ends_at_a_name():
    rules = snapshot.parse_rewrites(["/laptop/runs=/deepfake/me/"])
    assert snapshot.rewritten(rules, "/laptop/runs/a/3") == "/deepfake/me/a/3"
    assert snapshot.rewritten(rules, "/laptop/runs") == "/deepfake/me"
    assert snapshot.rewritten(rules, "/laptop/runs-old/a/3") == "/laptop/runs-old/a/3"


def test_the_longest_prefix_wins():
    rules = snapshot.parse_rewrites(["/runs=/all", "/runs/special=/special"])
    assert snapshot.rewritten(rules, "/runs/special/3") == "/special/3"


@pytest.mark.parametrize("text", ["/runs", "=/new", "/=/new", "/runs="])
def test_what_is_no_rewrite_is_echoed(text):
    with raises_code("metadata_bad_rewrite", match=f"got {text!r}"):
        snapshot.parse_rewrites([text])


def test_a_prefix_that_nothing_has_is_misspelt(source):
    path, developer = source
    developer.run("mine-1", "/laptop")
    rules = snapshot.parse_rewrites(["/lpatop=/deepfake"])
    with raises_code("metadata_bad_rewrite", match=r"/lpatop.*like /laptop/Evaluator/blessing/2"):
        snapshot.read(path, rules)
