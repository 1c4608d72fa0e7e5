"""CIFAR-10 in the binary version of its authors, from a folder that a person names.

Six files of 10,000 records: a label from 0 to 9, then 3,072 pixels (red, green, blue, each row by
row). They are read unpacked, or straight from the archive. No pickle, and nothing is unpacked to
the disk. A file is used only if the MD5 of its bytes is the known one; the authors publish the MD5
of the archive, and those of the six files are the ones that other projects check.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .checks import integer
from .datasets import Split
from .image_files import CorruptDataError

__all__ = ["cifar10"]

MD5 = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}
_FOLDER, _ARCHIVE = "cifar-10-batches-bin", "cifar-10-binary.tar.gz"
_RECORD = 1 + 3 * 32 * 32  # bytes
_LARGEST = 10_000 * _RECORD
_REMEDY = f"{_ARCHIVE} (the binary version) from https://www.cs.toronto.edu/~kriz/cifar.html"


def cifar10(folder: str | Path | None = None, seed: int = 1234, validation: int = 5000) -> Split:
    """CIFAR-10: x (n, 3, 32, 32) float32 in [0, 1], y (n,) int64; 45,000 / 5,000 / 10,000 images.

    Parameters
    ----------
    folder : where `cifar-10-binary.tar.gz` lies, or its six `.bin` files, directly, in a sub-folder
        `cifar-10`, or in the archive's own `cifar-10-batches-bin`. None looks in the folder that
        the environment variable L0COURSE_DATA names. The data are not downloaded.
    seed : shuffles the 50,000 training images before `validation` of them are set aside (45,000 /
        5,000 as in the main paper, arXiv 2505.17469, but not its shuffle).
    validation : number of validation images, 1 to 49,999.

    Raises
    ------
    FileNotFoundError : the data are in none of these places; says where it looked and what to do.
    CorruptDataError : a file is damaged, incomplete, or another one.
    ValueError : bad `seed` or `validation`.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Examples
    --------
    >>> cifar10("data").x_train.shape  # doctest: +SKIP
    torch.Size([45000, 3, 32, 32])
    """
    rng = np.random.default_rng(integer("seed", seed, 0))
    *batches, test = _records(_locate(folder))
    train = np.concatenate(batches)
    order = rng.permutation(len(train))
    first = integer("validation", validation, 1, len(train) - 1)
    parts = (train[order[first:]], train[order[:first]], test)
    return Split(*(t for part in parts for t in _tensors(part)), name="cifar-10")


def _locate(folder: str | Path | None) -> Path:
    """The archive, or the folder with the six files: the first that is there."""
    root = folder if folder is not None else os.environ.get("L0COURSE_DATA")
    places = [Path(root).expanduser() / "cifar-10", Path(root).expanduser()] if root else []
    looked = []
    for place in places:
        for inside in (place / _FOLDER, place):
            lacks = [name for name in MD5 if not (inside / name).is_file()]
            if not lacks:
                return inside
            if len(lacks) < len(MD5):
                looked.append(f"{inside} (lacks {', '.join(lacks)})")
        if (place / _ARCHIVE).is_file():
            return place / _ARCHIVE
        looked.append(str(place))
    raise FileNotFoundError(
        f"cifar-10 was not found; looked in {', '.join(looked) or 'no folder'}: get {_REMEDY}, put "
        "it into a folder, and give that as `folder` or in the environment variable L0COURSE_DATA"
    )


def _records(place: Path) -> list[np.ndarray]:
    """The six files in the order of MD5, each of shape (images, 3073)."""
    try:
        found = _unpacked(place) if place.is_file() else {n: (place / n).read_bytes() for n in MD5}
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise _corrupt(place, "cannot be read") from error
    for name, md5 in MD5.items():
        raw = found.get(name, b"")
        if hashlib.md5(raw, usedforsecurity=False).hexdigest() != md5:
            where = f"{name} in {place}" if place.is_file() else place / name
            raise _corrupt(where, "has the wrong checksum")
    return [np.frombuffer(found[name], np.uint8).reshape(-1, _RECORD) for name in MD5]


def _unpacked(archive: Path) -> dict[str, bytes]:
    """The files in the archive that are wanted and no larger than they may be."""
    with tarfile.open(archive, "r:gz") as tar:
        members = {Path(member.name).name: member for member in tar if member.isfile()}
        wanted = {name: members[name] for name in MD5 if name in members}
        return {
            name: tar.extractfile(member).read()
            for name, member in wanted.items()
            if member.size <= _LARGEST
        }


def _corrupt(what: str | Path, problem: str) -> CorruptDataError:
    return CorruptDataError(
        f"{what} {problem} (damaged, incomplete, or another file): put it aside and get {_REMEDY}"
    )


def _tensors(records: np.ndarray) -> tuple[Tensor, Tensor]:
    """x (n, 3, 32, 32) in [0, 1] and y (n,) of records (n, 3073)."""
    x = torch.from_numpy(records[:, 1:].astype(np.float32)).div_(255).view(-1, 3, 32, 32)
    return x, torch.from_numpy(records[:, 0].astype(np.int64))
