"""The general-purpose compressors: what they write is whole, and as small as known."""

import bz2
import gzip
import lzma

import brotli
import pyppmd
import pytest
import zstandard

from l0course.compressors import CHUNK, COMPRESSORS, compressed_sizes
from l0course.texts import english, random_bytes, wikipedia

READ = {
    "xz, chunks": lambda code, n: lzma.decompress(code) if code else b"",
    "xz": lambda code, n: lzma.decompress(code),
    "gzip": lambda code, n: gzip.decompress(code),
    "bzip2": lambda code, n: bz2.decompress(code),
    "zstd": lambda code, n: zstandard.ZstdDecompressor().decompress(code),
    "brotli": lambda code, n: brotli.decompress(code),
    "PPMd": lambda code, n: pyppmd.Ppmd7Decoder(16, 1 << 29).decode(code, n) if n else b"",
}
TEXTS = [b"", b"a", bytes(range(256)), b"ab" * 5000, english()[:20_000]]


@pytest.mark.parametrize("name", COMPRESSORS)
def test_each_writes_a_file_from_which_the_text_comes_back(name):
    for text in TEXTS:
        assert READ[name](COMPRESSORS[name](text), len(text)) == text


def test_chunks_are_streams_of_their_own():
    text = english()[: 3 * CHUNK + 5]
    parts = [lzma.compress(text[i : i + CHUNK]) for i in range(0, len(text), CHUNK)]
    assert len(parts) == 4
    assert compressed_sizes(text)["xz, chunks"] == sum(map(len, parts))


def test_english_shrinks_and_random_bytes_do_not():
    text = english()[:100_000]
    sizes, noise = compressed_sizes(text), compressed_sizes(random_bytes(100_000))
    assert min(noise.values()) > 100_000
    assert 20_000 < sizes["PPMd"] < sizes["gzip"] < 36_000 < sizes["xz, chunks"]


def test_the_known_sizes_of_the_wikipedia_text():
    try:
        text = wikipedia()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    known = {  # the quick ones; zstd has 625,758 and brotli 613,861
        "xz, chunks": 1_829_932,
        "gzip": 783_396,
        "xz": 620_020,
        "bzip2": 596_621,
        "PPMd": 504_577,
    }
    assert {name: len(COMPRESSORS[name](text)) for name in known} == known
