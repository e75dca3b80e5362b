"""The same answers from a MariaDB server: the history of a file, copied there."""

import dataclasses

import pytest

from pipeline.config import load
from pipeline.lineage import membership, show, verdicts
from pipeline.lineage import store as lineage_store
from pipeline.metadata import connection, copying


@pytest.fixture
def on_server(mariadb_account, history):
    """The store of `history` on a server, where everything has other ids."""
    settings = mariadb_account.settings(mariadb_account.create_database())
    config = load.with_overrides(load.load("local"), {**settings, "output": str(history)})
    copying.copy(config, history / connection.SQLITE_FILE)
    return lineage_store.opened(config)


def without_ids(value):
    """Plain values of an answer, without the ids that a store gives."""
    if dataclasses.is_dataclass(value):
        named = dataclasses.asdict(value)
        return without_ids({k: v for k, v in named.items() if not k.endswith(("_id", "_ids"))})
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not str(k).endswith(("_id", "_ids"))}
        return {key: without_ids(part) for key, part in kept.items()}
    if isinstance(value, (list, tuple)):
        return [without_ids(part) for part in value]
    return value


def test_a_model_shows_the_same_history(on_server, store):
    assert without_ids(show.show(on_server, "1001")) == without_ids(show.show(store, "1001"))


def test_a_verdict_is_the_same(on_server, store):
    assert without_ids(verdicts.why(on_server, "1003")) == without_ids(verdicts.why(store, "1003"))


@pytest.mark.parametrize("asked", ["made/swap/v1", "person2", "made"])
def test_who_saw_a_video_a_person_or_a_dataset_is_the_same(on_server, store, asked):
    found = membership.trains_on(on_server, asked)
    expected = membership.trains_on(store, asked)
    assert found.models
    assert [without_ids(model) for model in found.models] == [
        without_ids(model) for model in expected.models
    ]
