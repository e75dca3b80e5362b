"""The account on the ML Metadata server. No other module reads it from the environment."""

import dataclasses
import os
from collections.abc import Mapping

from pipeline.config.metadata import PASSWORD_VARIABLE, USERNAME_VARIABLE, MetadataConfig
from pipeline.metadata import errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """Who logs in; its text form leaves the password out."""

    username: str
    password: str = dataclasses.field(repr=False)


def account(config: MetadataConfig, environment: Mapping[str, str] = os.environ) -> Account:
    """The account that the environment names.

    Raises:
      MissingAccountError: A variable is not set, or empty.
    """
    # A Secret written with a line end at its end is a common accident.
    values = {
        name: environment.get(name, "").rstrip("\r\n")
        for name in (USERNAME_VARIABLE, PASSWORD_VARIABLE)
    }
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise errors.MissingAccountError(missing, config.secret)
    return Account(username=values[USERNAME_VARIABLE], password=values[PASSWORD_VARIABLE])
