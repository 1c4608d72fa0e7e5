"""The file of a text: what it is, its settings, the code, and checksums of the text and the file.

====================  =============================================================================
magic, version        3 bytes
mode                  1 byte
length of the text    a whole number: 7 bits a byte, the lowest first, 128 added to all but the last
settings              one such number for each field
CRC-32 of the text    4 bytes
code                  of the mode; none if the text is empty
CRC-32 of all before  4 bytes
====================  =============================================================================

The last checksum says whether the file is the one that was written, before anything is computed.
The first says whether the text is, whatever happened while it was decoded.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib import import_module
from types import ModuleType
from typing import Any, get_args, get_type_hints

from ..codec.range_coder import CorruptFileError

__all__ = ["MODES", "CorruptFileError", "Header", "Mode", "decode", "encode", "examine", "file_of"]

_MAGIC = b"tx"
_VERSION = 1
_CRC = 4
_LONGEST = 1 << 30  # bytes of text


@dataclass(frozen=True)
class Mode:
    """A way to code a text: a module with `encode` and `decode`, loaded when it is first used."""

    number: int
    module: str
    settings: str

    def load(self) -> tuple[ModuleType, type]:
        """The module, and the class of its settings: a frozen dataclass of numbers and choices."""
        module = import_module(self.module, __package__)
        return module, getattr(module, self.settings)


MODES = {
    "prequential": Mode(1, ".prequential", "Prequential"),
    "two-part": Mode(2, ".two_part", "TwoPart"),
}


def encode(
    data: bytes, *, mode: str = "prequential", progress: bool = False, **settings: Any
) -> bytes:
    """A text as the bytes of a small file, from which `decode` gets it back.

    Parameters
    ----------
    data : bytes
        Any bytes; those of ordinary text become about four to five times fewer.
    mode : "prequential" or "two-part"
        Prequential: encoder and decoder learn alike while they go through the text, and the file
        holds no model. Two-part: a small trained model is in the file, before the text.
    progress : bool
        Whether to show a progress bar.
    **settings
        Fields of `prequential.Prequential` or `two_part.TwoPart`; the others have their defaults.

    Raises
    ------
    ValueError
        If data are not bytes or more than 2**30, the mode is neither, or a setting is unknown or
        out of range.

    Examples
    --------
    >>> text = b"to be or not to be, that is the question; " * 20
    >>> blob = encode(text, streams=10)
    >>> len(text), len(blob) < 400, decode(blob) == text
    (840, True, True)
    """
    data = _bytes("data", data)
    if mode not in list(MODES):
        raise ValueError(f"mode must be {' or '.join(map(repr, MODES))}, not {mode!r}.")
    if len(data) > _LONGEST:
        raise ValueError(f"data have {len(data)} bytes, at most {_LONGEST} can be encoded at once.")
    module, kind = MODES[mode].load()
    known = [field.name for field in fields(kind)]
    if unknown := sorted(set(settings) - set(known)):
        raise ValueError(f"{mode} has no setting {unknown[0]!r}; it has {', '.join(known)}.")
    chosen = kind(**settings)
    return file_of(data, mode, chosen, module.encode(data, chosen, progress) if data else b"")


def file_of(data: bytes, mode: str, settings: Any, code: bytes) -> bytes:
    """The file around a code: what `decode` must know, and checksums of the text and of it all."""
    head = _MAGIC + bytes([_VERSION, MODES[mode].number]) + _number_bytes(len(data))
    body = head + _settings_bytes(settings) + _crc(data) + code
    return body + _crc(body)


def decode(blob: bytes, *, progress: bool = False) -> bytes:
    """The text of a file that `encode` made.

    Raises
    ------
    CorruptFileError (a ValueError)
        If the file is cut off, was changed, or is not one of ours. Also if it is whole, but this
        machine cannot compute the numbers that the other one did: never another text.
    ValueError
        If blob are not bytes, or a later version of the course made the file.
    """
    header = examine(blob)
    data = b""
    if header.length:
        module, _ = MODES[header.mode].load()
        with suppress(CorruptFileError):
            data = module.decode(header.code, header.length, header.settings, progress)
    if len(data) != header.length or _crc(data) != header.text_crc:
        raise CorruptFileError(
            "The file is whole, but it does not decode to the text that was encoded: this machine "
            "computes other floating-point numbers than the one that made it. Decode it with the "
            "same processor and version of PyTorch."
        )
    return data


@dataclass(frozen=True)
class Header:
    """What a file says of itself. `settings` are of the class of its mode, `code` is the rest."""

    mode: str
    length: int
    settings: Any
    text_crc: bytes
    code: bytes


def examine(blob: bytes) -> Header:
    """Check a file as a whole and read its header, without decoding it. Errors as `decode`."""
    blob = _bytes("blob", blob)
    if not blob.startswith(_MAGIC):
        raise CorruptFileError("This is not an encoded text: it begins with other bytes.")
    if _crc(blob[:-_CRC]) != blob[-_CRC:]:
        raise CorruptFileError("The file is corrupt, its checksum differs: encode the text again.")
    if blob[2] != _VERSION:
        raise ValueError(f"The file has format {blob[2]}, but this version reads {_VERSION}.")
    reader = _Reader(blob[3:-_CRC])
    number = reader.take(1)[0]
    names = [name for name, mode in MODES.items() if mode.number == number]
    if not names:
        raise CorruptFileError(f"The file is corrupt: there is no mode {number}.")
    _, kind = MODES[names[0]].load()
    length = reader.number()
    settings = reader.settings(kind)
    text_crc, code = reader.take(_CRC), reader.rest()
    if length > _LONGEST or (code and not length):
        raise CorruptFileError(f"The file is corrupt: its code is not one of {length} bytes.")
    return Header(names[0], length, settings, text_crc, code)


class _Reader:
    """Takes parts off the front; a CorruptFileError if there is too little."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise CorruptFileError("The file is corrupt: its header is cut off.")
        self._at += count
        return taken

    def rest(self) -> bytes:
        return self._data[self._at :]

    def number(self) -> int:
        found = 0
        for shift in range(0, 63, 7):
            byte = self.take(1)[0]
            found |= (byte & 127) << shift
            if byte < 128:
                return found
        raise CorruptFileError("The file is corrupt: a number in its header is too large.")

    def settings(self, kind: type) -> Any:
        found = {}
        for name, choices in _fields(kind):
            number = self.number()
            if choices and number >= len(choices):
                raise CorruptFileError(f"The file is corrupt: it has no {name} that is known.")
            found[name] = choices[number] if choices else number
        try:
            return kind(**found)
        except ValueError as error:
            raise CorruptFileError(f"The file is corrupt: its settings say {error}") from None


def _settings_bytes(settings: Any) -> bytes:
    values = ((getattr(settings, name), choices) for name, choices in _fields(type(settings)))
    return b"".join(_number_bytes(choices.index(x) if choices else x) for x, choices in values)


def _fields(kind: type) -> list[tuple[str, tuple]]:
    """Names of the fields, each with its choices if it is a Literal; otherwise it is a number."""
    hints = get_type_hints(kind)
    return [(field.name, get_args(hints[field.name])) for field in fields(kind)]


def _number_bytes(number: int) -> bytes:
    found = bytearray()
    while number >= 128:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CRC, "big")


def _bytes(name: str, data: Any) -> bytes:
    if isinstance(data, str):
        raise ValueError(f"{name} must be bytes, but it is a str: take text.encode('utf-8').")
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ValueError(f"{name} must be bytes, but it is a {type(data).__name__}.")
    return bytes(data)
