"""The account comes from the environment and stays out of texts."""

import pytest
from coded import raises_code

from pipeline.config.sections import MetadataConfig
from pipeline.metadata import server

NAMED = {"DEEPFAKE_METADATA_USERNAME": "alice", "DEEPFAKE_METADATA_PASSWORD": "hunter2"}


def test_the_account_is_what_the_environment_says():
    found = server.read_account(MetadataConfig(), NAMED)
    assert (found.username, found.password) == ("alice", "hunter2")


def test_a_line_end_that_came_with_the_secret_is_dropped():
    named = NAMED | {"DEEPFAKE_METADATA_PASSWORD": "hunter2\r\n"}
    assert server.read_account(MetadataConfig(), named).password == "hunter2"


def test_the_text_form_has_no_password():
    assert "hunter2" not in repr(server.read_account(MetadataConfig(), NAMED))


@pytest.mark.parametrize("missing", NAMED)
def test_a_variable_that_is_not_set_is_named_with_its_secret(missing):
    rest = {name: value for name, value in NAMED.items() if name != missing}
    with raises_code("metadata_no_account", match=rf"{missing} not set.*team-secret"):
        server.read_account(MetadataConfig(secret="team-secret"), rest)
