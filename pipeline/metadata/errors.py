"""Errors of the ML Metadata store: what was found, and what to do.

ML Metadata's own messages are empty for most of these.

MetadataError
├── MissingAccountError             the environment variables of the account are not set
├── UnreachableError                no answer from the server
├── CertificateError                the server's certificate, or the authority's file, is no good
├── AccessDeniedError               wrong password, or no such account
├── UnsupportedAuthenticationError  an account that ML Metadata's client cannot log in with
├── NoDatabaseError                 no such database
├── MissingGrantsError              the account may not do what is needed
├── SchemaVersionError              tables of an older or newer ML Metadata
├── NotAStoreError                  a file or database that holds something else
├── UnfinishedTablesError           tables without a version, with data in them
├── OtherStoreError                 the output folder belongs to another store
├── UpgradeFailedError              ML Metadata stopped in the middle of an upgrade
└── CopyError
    ├── NothingToCopyError          no such SQLite file, or the configured store is no server
    ├── BadRewriteError             a --rewrite that is no OLD=NEW, or fits no artifact
    ├── CopyConflictError           both stores hold something that cannot be both
    └── CopyNotVerifiedError        what was read back differs; nothing was kept
"""

from collections.abc import Collection, Sequence

from pipeline.config.sections import PASSWORD_VARIABLE, USERNAME_VARIABLE

SUPPORTED_PLUGIN = "mysql_native_password"


class MetadataError(Exception):
    """Base of what is wrong with the ML Metadata store.

    Attributes:
      code: Stable snake_case reason.
    """

    code = "metadata_error"


class MissingAccountError(MetadataError):
    """The environment variables of the account are not set."""

    code = "metadata_no_account"

    def __init__(self, missing: Sequence[str], secret: str) -> None:
        super().__init__(
            f"no account for the ML Metadata server: {' and '.join(missing)} not set; set"
            f" {USERNAME_VARIABLE} and {PASSWORD_VARIABLE} (in a cluster, the Secret {secret}"
            " with the keys username and password fills them)"
        )


class UnreachableError(MetadataError):
    """No answer from the server.

    Attributes:
      reason: What the attempt to connect met.
    """

    code = "metadata_unreachable"

    def __init__(self, address: str, reason: str, waited_seconds: float = 0.0) -> None:
        self.reason = reason
        waited = f" for {waited_seconds:.0f} s" if waited_seconds >= 1 else ""
        super().__init__(
            f"no answer from the ML Metadata server {address}{waited} ({reason}); check"
            " metadata.host and metadata.port, and that the server runs"
        )


class CertificateError(MetadataError):
    """The server's certificate, or the authority's file, is no good."""

    code = "metadata_certificate"

    def __init__(self, address: str, ca_file: str, reason: str) -> None:
        super().__init__(
            f"no trusted connection to the ML Metadata server {address} ({reason});"
            f" metadata.ca_file ({ca_file}) must hold the authority that signed the server's"
            " certificate, and metadata.host must be a name in it"
        )


class AccessDeniedError(MetadataError):
    """Wrong password, or no such account."""

    code = "metadata_access_denied"

    def __init__(self, address: str, username: str, answer: str, *, encrypted: bool) -> None:
        needs_tls = "" if encrypted else "; an account that requires TLS needs metadata.ca_file"
        super().__init__(
            f"the ML Metadata server {address} refuses the account {username!r} ({answer}); check"
            f" {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}, and that the account may log in from"
            f" this host{needs_tls}"
        )


class UnsupportedAuthenticationError(MetadataError):
    """An account that ML Metadata's client cannot log in with."""

    code = "metadata_authentication_plugin"

    def __init__(self, username: str, plugin: str) -> None:
        super().__init__(
            f"the account {username!r} logs in by {plugin}; ML Metadata's client knows only"
            f" {SUPPORTED_PLUGIN}. As an administrator: ALTER USER '{username}'@'%' IDENTIFIED"
            f" WITH {SUPPORTED_PLUGIN} BY '<password>' (MySQL 8.4 and later also need the option"
            f" --{SUPPORTED_PLUGIN.replace('_', '-')}=ON; MySQL 9 has no such plugin: use MariaDB)"
        )


class NoDatabaseError(MetadataError):
    """No such database."""

    code = "metadata_no_database"

    def __init__(self, address: str, database: str) -> None:
        super().__init__(
            f"no database {database!r} on the ML Metadata server {address}; as an administrator:"
            f" CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin (or check"
            " metadata.database)"
        )


class MissingGrantsError(MetadataError):
    """The account may not do what is needed.

    Attributes:
      privileges: The missing ones.
    """

    code = "metadata_missing_grants"

    def __init__(self, database: str, username: str, privileges: Collection[str]) -> None:
        self.privileges = tuple(privileges)
        names = ", ".join(self.privileges)
        nothing_granted = "SELECT" in self.privileges
        super().__init__(
            f"the account {username!r} lacks {names} on the database {database!r}; as an"
            f" administrator: GRANT {names} ON `{database}`.* TO '{username}'@'%'"
            f"{' (if there is no such database, create it first)' if nothing_granted else ''}"
        )


class SchemaVersionError(MetadataError):
    """Tables of an older or newer ML Metadata."""

    code = "metadata_schema_version"

    def __init__(self, where: str, found: int, library: int) -> None:
        if found < library:
            advice = "back it up, then run `deepfake metadata upgrade` once"
        else:
            advice = "install the release of this program that wrote it, or a later one"
        super().__init__(
            f"{where} has version {found} of ML Metadata's tables, this program needs {library};"
            f" {advice}"
        )


class NotAStoreError(MetadataError):
    """A file or database that holds something else."""

    code = "metadata_not_a_store"


class OtherStoreError(MetadataError):
    """The output folder belongs to another store."""

    code = "metadata_other_store"

    def __init__(self, output: str, *, owner: str, configured: str, marker: str) -> None:
        super().__init__(
            f"the artifacts in {output} belong to {owner}, not to {configured}, which would write"
            " into them; use another --output, bring the history over with `deepfake metadata"
            f" copy`, or, if it is the same store under another name, delete {marker}"
        )


class UnfinishedTablesError(MetadataError):
    """Tables without a version, with data in them."""

    code = "metadata_unfinished_tables"

    def __init__(self, database: str) -> None:
        super().__init__(
            f"the database {database!r} has ML Metadata's tables, with data, but no schema version"
            " (table MLMDEnv); restore it from a back-up, or use another database"
        )


class UpgradeFailedError(MetadataError):
    """ML Metadata stopped in the middle of an upgrade."""

    code = "metadata_upgrade_failed"


class CopyError(MetadataError):
    """Base of what stops a copy; the target is then as it was."""

    code = "metadata_copy"


class NothingToCopyError(CopyError):
    """No such SQLite file, or the configured store is no server."""

    code = "metadata_nothing_to_copy"


class BadRewriteError(CopyError):
    """A --rewrite that is no OLD=NEW, or fits no artifact."""

    code = "metadata_bad_rewrite"


class CopyConflictError(CopyError):
    """Both stores hold something that cannot be both."""

    code = "metadata_copy_conflict"


class CopyNotVerifiedError(CopyError):
    """What was read back differs; nothing was kept."""

    code = "metadata_copy_not_verified"
