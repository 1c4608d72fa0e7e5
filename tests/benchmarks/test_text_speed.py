"""A megabyte of text to a file and back: bytes, seconds, and what coding in many streams saves.

Each file is decoded in a fresh process, and what comes back is compared. The text is the first
million bytes of the Wikipedia text, of english() if that is not on this machine. Seconds are of
processor time, one thread. The numbers are printed, and recorded in
data/results/benchmarks/text_speed.json. Run it with

    python tests/benchmarks/test_text_speed.py

and with the names of some of the WAYS to measure these only. As a test it only checks that a short
text comes back: a test never asserts a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from l0course.byte_transformer import ByteTransformer
from l0course.figures.registry import results_folder, versions
from l0course.text import encode
from l0course.text.container import MODES, examine
from l0course.text.exact import ExactTransformer
from l0course.texts import english, wikipedia

BYTES = 1_000_000
WAYS = {
    "contexts": {"mode": "prequential"},
    "transformer": {"mode": "prequential", "model": "transformer"},
    "mixed": {"mode": "prequential", "model": "mixed"},
    "two-part": {"mode": "two-part"},
}
READER = """
import pathlib, sys, time
from l0course.text import decode
small = pathlib.Path(sys.argv[1])
start = time.process_time()
text = decode(small.read_bytes())
print(time.process_time() - start)
small.with_name("again").write_bytes(text)
"""


def measure(data: bytes, arguments: dict) -> dict[str, float]:
    """Bytes of the file and of the model in it, seconds to encode and to decode."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        blob = encode(data, **arguments)
        encoding = time.process_time() - start
        small = Path(folder, "small")
        small.write_bytes(blob)
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", READER, small]
        found = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
        assert small.with_name("again").read_bytes() == data
    header = examine(blob)
    module, _ = MODES[header.mode].load()
    return {
        "text": len(data),
        "bytes": len(blob),
        "model_bytes": module.model_bytes(header.code),
        "bits_per_byte": 8 * len(blob) / len(data),
        "encode_seconds": encoding,
        "decode_seconds": float(found.stdout),
        "encode_kb_per_second": len(data) / 1000 / encoding,
        "decode_kb_per_second": len(data) / 1000 / float(found.stdout),
    }


def steps_per_second(streams: int, steps: int = 48) -> float:
    """Bytes of all streams that an exact transformer predicts one step after the other."""
    exact = ExactTransformer(ByteTransformer(width=64, layers=4, heads=4, context=256, seed=0))
    tokens, past = torch.zeros(streams, dtype=torch.int64), exact.cache(streams)
    exact.step(tokens, past)
    start = time.process_time()
    for _ in range(steps):
        exact.step(tokens, past)
    return streams * steps / (time.process_time() - start)


def test_a_short_text_comes_back_in_a_fresh_process():
    found = measure(english()[:3000], WAYS["contexts"])
    assert found["model_bytes"] == 0 and 0 < found["bytes"] < 3000
    assert steps_per_second(2, steps=2) > 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    path = results_folder() / "benchmarks" / "text_speed.json"
    record = json.loads(path.read_text()) if path.exists() else {}
    record |= {"command": "python tests/benchmarks/test_text_speed.py", "versions": versions()}
    try:
        name, text = "wikipedia", wikipedia()[:BYTES]
    except FileNotFoundError:
        name, text = "english", english()[:BYTES]
    for way in sys.argv[1:] or WAYS:
        record[way] = row = {"of": name, **WAYS[way], **measure(text, WAYS[way])}
        print(f"{way:12} {row['bytes']:9,} bytes, {row['bits_per_byte']:.3f} bits per byte", end="")
        for what in ("encode", "decode"):
            print(f", {what}s {row[f'{what}_kb_per_second']:.2f} kB/s", end="")
        print()
    record["steps_per_second"] = {
        str(streams): round(steps_per_second(streams)) for streams in (1, 4, 16, 64, 256)
    }
    print("bytes a second, by streams:", record["steps_per_second"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
