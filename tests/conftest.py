"""Order of the whole suite: tests marked `slow` come last, so that mistakes show early."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts stably: fast before slow, each in the order of its file."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
