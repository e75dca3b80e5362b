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
from schemas.errors import MetadataError, MetadataUnreachableError

SUPPORTED_PLUGIN = "mysql_native_password"


def missing_account(missing: Sequence[str], secret: str) -> MetadataError:
    """The environment variables of the account are not set."""
    return MetadataError(
        "metadata_no_account",
        f"no account for the ML Metadata server: {' and '.join(missing)} not set; set"
        f" {USERNAME_VARIABLE} and {PASSWORD_VARIABLE} (in a cluster, the Secret {secret}"
        " with the keys username and password fills them)",
    )


def unreachable(address: str, reason: str, waited_seconds: float = 0.0) -> MetadataUnreachableError:
    """No answer from the server; `reason` is what the attempt to connect met."""
    waited = f" for {waited_seconds:.0f} s" if waited_seconds >= 1 else ""
    return MetadataUnreachableError(
        "metadata_unreachable",
        f"no answer from the ML Metadata server {address}{waited} ({reason}); check"
        " metadata.host and metadata.port, and that the server runs",
    )


def certificate(address: str, ca_file: str, reason: str) -> MetadataError:
    """The server's certificate, or the authority's file, is no good."""
    return MetadataError(
        "metadata_certificate",
        f"no trusted connection to the ML Metadata server {address} ({reason});"
        f" metadata.ca_file ({ca_file}) must hold the authority that signed the server's"
        " certificate, and metadata.host must be a name in it",
    )


def access_denied(address: str, username: str, answer: str, *, encrypted: bool) -> MetadataError:
    """Wrong password, or no such account."""
    needs_tls = "" if encrypted else "; an account that requires TLS needs metadata.ca_file"
    return MetadataError(
        "metadata_access_denied",
        f"the ML Metadata server {address} refuses the account {username!r} ({answer}); check"
        f" {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}, and that the account may log in from"
        f" this host{needs_tls}",
    )


def unsupported_authentication(username: str, plugin: str) -> MetadataError:
    """An account that ML Metadata's client cannot log in with."""
    return MetadataError(
        "metadata_authentication_plugin",
        f"the account {username!r} logs in by {plugin}; ML Metadata's client knows only"
        f" {SUPPORTED_PLUGIN}. As an administrator: ALTER USER '{username}'@'%' IDENTIFIED"
        f" WITH {SUPPORTED_PLUGIN} BY '<password>' (MySQL 8.4 and later also need the option"
        f" --{SUPPORTED_PLUGIN.replace('_', '-')}=ON; MySQL 9 has no such plugin: use MariaDB)",
    )


def no_database(address: str, database: str) -> MetadataError:
    """No such database."""
    return MetadataError(
        "metadata_no_database",
        f"no database {database!r} on the ML Metadata server {address}; as an administrator:"
        f" CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin (or check"
        " metadata.database)",
    )


def missing_grants(database: str, username: str, privileges: Collection[str]) -> MetadataError:
    """The account lacks `privileges`."""
    names = ", ".join(privileges)
    nothing_granted = "SELECT" in privileges
    return MetadataError(
        "metadata_missing_grants",
        f"the account {username!r} lacks {names} on the database {database!r}; as an"
        f" administrator: GRANT {names} ON `{database}`.* TO '{username}'@'%'"
        f"{' (if there is no such database, create it first)' if nothing_granted else ''}",
    )


def schema_version(where: str, found: int, library: int) -> MetadataError:
    """Tables of an older or newer ML Metadata."""
    if found < library:
        advice = "back it up, then run `deepfake metadata upgrade` once"
    else:
        advice = "install the release of this program that wrote it, or a later one"
    return MetadataError(
        "metadata_schema_version",
        f"{where} has version {found} of ML Metadata's tables, this program needs {library};"
        f" {advice}",
    )


def other_store(output: str, *, owner: str, configured: str, marker: str) -> MetadataError:
    """The output folder belongs to another store."""
    return MetadataError(
        "metadata_other_store",
        f"the artifacts in {output} belong to {owner}, not to {configured}, which would write"
        " into them; use another --output, bring the history over with `deepfake metadata"
        f" copy`, or, if it is the same store under another name, delete {marker}",
    )


def unfinished_tables(database: str) -> MetadataError:
    """Tables without a version, with data in them."""
    return MetadataError(
        "metadata_unfinished_tables",
        f"the database {database!r} has ML Metadata's tables, with data, but no schema version"
        " (table MLMDEnv); restore it from a back-up, or use another database",
    )
