"""General-purpose compressors at their strongest setting, to stand beside a code of one's own."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable

import brotli
import pyppmd
import zstandard

__all__ = ["CHUNK", "COMPRESSORS", "compressed_sizes"]

CHUNK = 512  # bytes of text in each stream of "xz, chunks"


def _ppmd(data: bytes) -> bytes:
    """PPMd variant H of order 16 with 512 MB, more than it can use for some hundred MB of text."""
    coder = pyppmd.Ppmd7Encoder(16, 1 << 29)
    return coder.encode(data) + coder.flush()


def _chunked(data: bytes) -> bytes:
    chunks = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    return b"".join(map(lzma.compress, chunks))


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "xz, chunks": _chunked,
    "gzip": lambda data: gzip.compress(data, 9, mtime=0),
    "zstd": zstandard.ZstdCompressor(level=22).compress,
    "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
    "brotli": lambda data: brotli.compress(data, quality=11),
    "bzip2": lambda data: bz2.compress(data, 9),
    "PPMd": _ppmd,
}
"""From bytes to a file's bytes, by name: gzip -9, zstd -22, xz -9e (LZMA2), brotli 11, bzip2 -9,
PPMd (variant H, order 16, 512 MB; to read it one must know the length). "xz, chunks" is the main
paper's baseline: a new .xz stream, of the default preset, for every 512 bytes. Such a stream of
one byte has 60 bytes already.
"""


def compressed_sizes(data: bytes) -> dict[str, int]:
    """Bytes of the file that each of the `COMPRESSORS` makes of data, headers and all.

    >>> sizes = compressed_sizes(b"to be or not to be " * 500)
    >>> sizes["xz"] < 130 < 9500 / 8 < sizes["xz, chunks"]
    True
    """
    return {name: len(compress(data)) for name, compress in COMPRESSORS.items()}
