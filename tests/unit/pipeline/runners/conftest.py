"""A graph whose executors can be imported by name, as TFX does."""

import importlib
import pathlib

import pytest


@pytest.fixture
def tiny_graph(monkeypatch):
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parent))
    return importlib.import_module("tiny_graph")
