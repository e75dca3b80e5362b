"""Tests of the feature keys."""

import re

import pytest

from schemas import features, taxonomy


def test_keys_are_distinct():
    assert len(set(features.ALL_KEYS)) == len(features.ALL_KEYS)


def test_every_key_of_the_module_is_listed():
    keys = {
        value for name, value in vars(features).items() if name.isupper() and isinstance(value, str)
    }
    assert keys == set(features.ALL_KEYS)


@pytest.mark.parametrize("key", features.ALL_KEYS)
def test_a_key_is_snake_case(key):
    """Keras refuses `/` in names."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", key)


def test_derived_names_do_not_hide_a_raw_one():
    derived = {features.transformed(key) for key in features.ALL_KEYS}
    assert len(derived) == len(features.ALL_KEYS)
    assert derived.isdisjoint(features.ALL_KEYS)


def test_keys_are_no_values_of_the_taxonomy():
    values = {*taxonomy.SPLITS, *taxonomy.LABELS, *taxonomy.MANIPULATION_TYPES, *taxonomy.CONTEXTS}
    assert values.isdisjoint(features.ALL_KEYS)
