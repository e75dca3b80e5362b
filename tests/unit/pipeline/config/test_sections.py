"""Which stores a configuration may name."""

import pytest
from coded import raises_code

from pipeline.config import load


def configured(**values):
    overrides = {f"metadata.{key}": value for key, value in values.items()}
    return load.with_overrides(load.load("local"), overrides)


@pytest.mark.parametrize("name", ["postgresql", "postgres"])
def test_postgresql_is_refused_with_its_reasons(name):
    with raises_code("config_refused_value") as caught:
        configured(backend=name, host="db")
    for reason in ("backslash", "run as SQL", "register one type twice", "any order", "blessing"):
        assert reason in str(caught.value)


def test_a_server_needs_a_host_and_no_file():
    with raises_code("config_refused_value", match=r"metadata\.host"):
        configured(backend="mysql")
    with raises_code("config_refused_value", match=r"metadata\.sqlite"):
        configured(backend="mysql", host="db", sqlite="metadata.db")


def test_another_backend_is_refused_by_name():
    with raises_code("config_refused_value", match="one of sqlite, mysql, got 'oracle'"):
        configured(backend="oracle")


def test_the_default_is_a_file():
    assert load.load("local").metadata.backend == "sqlite"
