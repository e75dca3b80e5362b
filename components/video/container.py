"""Structure of a container file, without decoding: does it end before what it announces?

FFmpeg opens many torn files without a word, and of an mp4 whose index was cut away it says
only "invalid data". The sizes that ISO base media (ISO/IEC 14496-12: mp4, mov), Matroska
(RFC 9559: mkv, webm) and RIFF (avi) files write down tell a torn file from a broken one.
"""

import os
import pathlib
from typing import BinaryIO

_EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_MATROSKA_SEGMENT = b"\x18\x53\x80\x67"
_ISO_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})


def is_torn(path: str | pathlib.Path) -> bool:
    """Says whether the file is shorter than its own structure declares.

    False also for formats that declare nothing (MPEG-TS, raw streams, live Matroska) and for
    files that are no container at all.
    """
    size = pathlib.Path(path).stat().st_size
    with open(path, "rb") as file:
        head = file.read(12)
        file.seek(0)
        if head[4:8] in _ISO_FIRST_BOXES:
            return _iso_is_torn(file, size)
        if head.startswith(_EBML_MAGIC):
            return _matroska_is_torn(file, size)
        if head.startswith(b"RIFF"):
            return _riff_is_torn(file, size)
    return False


def _iso_is_torn(file: BinaryIO, size: int) -> bool:
    """A box passes the end of the file, or the file ends without its index or announced data."""
    position, has_index, kind, awaits_fragment = 0, False, b"", False
    while position < size:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            if any(header):
                return True
            break  # zeros: padding, or the first bytes of a size
        kind, length = header[4:8], int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:  # the last box, up to the end of the file
            length = size - position
        if length < 8 or not kind.isalnum():
            return False  # damaged rather than torn
        if position + length > size:
            return True
        if kind == b"moov":
            file.seek(position)
            has_index, awaits_fragment = True, b"mvex" in file.read(length)
        awaits_fragment = awaits_fragment and kind != b"moof"
        position += length
    return not has_index or awaits_fragment or kind == b"moof"


def _matroska_is_torn(file: BinaryIO, size: int) -> bool:
    """The segment passes the end of the file; its size is unknown in live streams."""
    file.seek(len(_EBML_MAGIC))
    header_size = _ebml_size(file)
    if header_size is None:
        return False
    file.seek(header_size, os.SEEK_CUR)
    if file.read(4) != _MATROSKA_SEGMENT:
        return file.tell() >= size
    segment_size = _ebml_size(file)
    return segment_size is not None and file.tell() + segment_size > size


def _ebml_size(file: BinaryIO) -> int | None:
    """Reads a variable-length size (RFC 8794, section 4); None = unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()  # the position of the first set bit says how many bytes
    value = int.from_bytes(first + file.read(length - 1), "big")
    bits = 7 * length
    value &= (1 << bits) - 1
    return None if value == (1 << bits) - 1 else value


def _riff_is_torn(file: BinaryIO, size: int) -> bool:
    """One of the RIFF chunks (several above 1 GB) passes the end of the file."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        header = file.read(8)
        if header[:4] != b"RIFF":
            return False
        length = 8 + int.from_bytes(header[4:], "little")
        if position + length > size:
            return True
        position += length + length % 2
    return False
