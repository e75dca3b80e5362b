"""Text as ML Metadata puts it on the wire to MariaDB and MySQL.

Its client says that it speaks latin1 and sends UTF-8. Whatever the character set of the database,
only a client that does the same reads back what it wrote. MySQL's latin1 is Windows code page
1252 with every byte defined; Python's leaves five undefined, hence the surrogates.
"""

_CODEC = "cp1252"
_UNDEFINED = "surrogateescape"


def encode(text: str) -> str:
    """What a statement must hold on a latin1 connection, to mean `text` to ML Metadata."""
    return text.encode("utf-8").decode(_CODEC, _UNDEFINED)


def decode(raw: bytes) -> str:
    """What ML Metadata would read, of the bytes of a text column."""
    return raw.decode("utf-8")
