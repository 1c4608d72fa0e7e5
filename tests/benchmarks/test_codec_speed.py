"""How fast models are encoded and decoded, and how small, beside gzip -9 and xz -9e.

LeNet-300-100 at five sparsities, its live weights (rounded to 16 levels) spread without a pattern.
gzip and xz get the same rounded tensors in two forms: "dense", all weights as float32, zeros too;
and "sparse", for each row how many weights are live (16 bits), then their columns (16 bits), then
their levels (8 bits) and the table of levels. Sizes and weights per second of processor time (all
266,610 weights, live or not; median over the rounds) are printed, and recorded in
data/results/benchmarks/codec_speed.json. Run it with

    python tests/benchmarks/test_codec_speed.py

As a test it only checks the sizes and that all forms hold the same weights: a test never asserts a
time.
"""

from __future__ import annotations

import gzip
import json
import lzma
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from l0course import LeNet300
from l0course.codec import decode_model, encode_model
from l0course.figures.registry import results_folder, versions

DENSITIES = (0.5, 0.1, 0.02, 0.0075, 0.003)
BITS = 4
OTHERS: dict[str, tuple[Callable, Callable]] = {
    "gzip -9": (lambda data: gzip.compress(data, 9), gzip.decompress),
    "xz -9e": (lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME), lzma.decompress),
}


@torch.no_grad()
def pruned(density: float) -> nn.Sequential:
    """LeNet-300-100 with so many live weights at random places, rounded to 2**BITS levels."""
    model, generator = LeNet300(seed=0), torch.Generator().manual_seed(1)
    for p in model.parameters():
        p.mul_(torch.rand(p.shape, generator=generator) < density)
    return decode_model(encode_model(model, bits=BITS), model)


def dense(model: nn.Module) -> bytes:
    """All weights as float32."""
    return b"".join(p.detach().numpy().tobytes() for p in model.parameters())


def sparse(model: nn.Module) -> bytes:
    """Rows, columns, levels and the table of levels, one after the other."""
    tensors = [p.detach().numpy().reshape(len(p), -1) for p in model.parameters()]
    values = np.concatenate([w[w != 0] for w in tensors])
    table, levels = np.unique(values, return_inverse=True)
    rows = [(w != 0).sum(1).astype(np.uint16) for w in tensors]
    columns = [np.nonzero(w)[1].astype(np.uint16) for w in tensors]
    parts = [*rows, *columns, levels.astype(np.uint8), table]
    return b"".join(part.tobytes() for part in parts)


def from_sparse(data: bytes, model: nn.Module) -> list[np.ndarray]:
    """The tensors of `sparse`, as matrices."""
    shapes = [(len(p), p.numel() // len(p)) for p in model.parameters()]
    starts = np.cumsum([0, *(n for n, _ in shapes)])
    counts = np.frombuffer(data, np.uint16, starts[-1])
    k, at = int(counts.sum()), 2 * starts[-1]
    columns = np.frombuffer(data, np.uint16, k, at)
    levels = np.frombuffer(data, np.uint8, k, at + 2 * k)
    values = np.frombuffer(data[at + 3 * k :], np.float32)[levels]
    rows = np.repeat(np.arange(starts[-1]), counts)
    out = []
    for (n, m), start in zip(shapes, starts, strict=False):
        w, mine = np.zeros((n, m), np.float32), (rows >= start) & (rows < start + n)
        w[rows[mine] - start, columns[mine]] = values[mine]
        out.append(w)
    return out


def measure(density: float, rounds: int) -> dict[str, dict[str, float]]:
    """By way of coding: bytes, and weights per second to encode and to decode."""
    model, twin = pruned(density), LeNet300(seed=1)
    numbers = sum(p.numel() for p in model.parameters())
    ways = {"codec": (lambda: encode_model(model, bits=BITS), lambda b: decode_model(b, twin))}
    for form in (dense, sparse):
        for name, (pack, unpack) in OTHERS.items():
            ways[f"{name}, {form.__name__}"] = (
                lambda form=form, pack=pack: pack(form(model)),
                lambda blob, form=form, unpack=unpack: (
                    from_sparse(unpack(blob), model) if form is sparse else unpack(blob)
                ),
            )
    seconds: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    sizes = {}
    for _ in range(rounds):
        for name, (encode, decode) in ways.items():
            start = time.process_time()
            blob = encode()
            middle = time.process_time()
            decode(blob)
            seconds[name][0].append(middle - start)
            seconds[name][1].append(time.process_time() - middle)
            sizes[name] = len(blob)
    return {
        name: {
            "bytes": sizes[name],
            "encoded_per_second": numbers / statistics.median(there),
            "decoded_per_second": numbers / statistics.median(back),
        }
        for name, (there, back) in seconds.items()
    }


def test_all_forms_hold_the_same_weights_and_the_codec_is_the_smallest():
    model = pruned(0.02)
    twin = decode_model(encode_model(model, bits=BITS), LeNet300(seed=1))
    found = from_sparse(sparse(model), model)
    for p, q, w in zip(model.parameters(), twin.parameters(), found, strict=True):
        assert torch.equal(p, q)
        assert np.array_equal(p.detach().numpy().reshape(w.shape), w)
    sizes = {name: row["bytes"] for name, row in measure(0.02, rounds=1).items()}
    assert len(sizes) == 5 and min(sizes, key=sizes.get) == "codec"


if __name__ == "__main__":
    torch.set_num_threads(1)
    record = {"command": "python tests/benchmarks/test_codec_speed.py", "versions": versions()}
    for density in DENSITIES:
        record[f"{density:g} live"] = measured = measure(density, rounds=5)
        print(f"{density:.2%} live")
        for name, row in measured.items():
            there, back = (row[f"{way}_per_second"] for way in ("encoded", "decoded"))
            print(f"  {name:16} {row['bytes']:8,} bytes", end="")
            print(f", {there:12,.0f} weights/s encoded, {back:12,.0f} decoded")
    path = results_folder() / "benchmarks" / "codec_speed.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
