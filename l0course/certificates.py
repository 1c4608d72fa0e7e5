"""One page that says what a compressed classifier is worth, computed from its file.

The file is read back, and everything is counted anew: nothing is taken from the training that made
it. The page itself is written in certificate_page.py.
"""

from __future__ import annotations

import copy
import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binomtest
from torch import nn

from . import __version__
from .checks import integer
from .codec import decode_model
from .datasets import Split
from .file_measures import class_bits, label_bits_of, wrong_answers
from .pruning import count_nonzero
from .whole_file import write_whole

__all__ = ["Certificate", "Mistakes", "Peer", "certificate"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Mistakes:
    """`wrong` of `rows` answers are wrong, after `looks` looks at these rows.

    >>> Mistakes(12, 400)
    3.0 % (12 of 400; interval 1.6 % to 5.2 %)
    """

    wrong: int
    rows: int
    looks: int = 1

    @property
    def share(self) -> float:
        return self.wrong / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        """Exact interval (Clopper, Pearson 1934) that holds for all looks at once, with 95 %.

        Each of k looks gets 0.05 / k of the risk (Bonferroni). That covers the choice of the best
        of k models; it does not cover a model that learnt from the answers of earlier looks.
        """
        found = binomtest(self.wrong, self.rows).proportion_ci(1 - (1 - CONFIDENCE) / self.looks)
        return float(found.low), float(found.high)

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"{self.share:.1%} ({self.wrong} of {self.rows:,}; interval {low:.1%} to {high:.1%})"
        ).replace("%", " %")


@dataclass(frozen=True)
class Peer:
    """One of the course's own files, to stand beside: numbers of a record, and where it lies."""

    what: str
    task: str
    bytes: float
    nonzero: float
    test_error: float
    source: str


@dataclass(frozen=True, repr=False)
class Certificate:
    """What `certificate` found; shown as a page in a notebook, and as text elsewhere.

    Attributes
    ----------
    file_bytes, sha256 : of the file.
    parameters, nonzero : trainable entries of the dense model, and those that are not zero.
    rows : training rows.
    label_bits : of the training labels, given the pictures and the model (natural log over ln 2).
    plain_bits : of the same labels without any model (`class_bits`).
    validation, test : mistakes, each with its interval.
    """

    title: str
    task: str
    method: str
    seed: int | None
    date: str | None
    file_bytes: int
    sha256: str
    parameters: int
    nonzero: int
    rows: int
    label_bits: float
    plain_bits: float
    validation: Mistakes
    test: Mistakes
    versions: dict[str, str]
    peers: tuple[Peer, ...] = ()

    @property
    def total_bits(self) -> float:
        """The two-part code: bits of the file, and of the labels given what it says."""
        return 8 * self.file_bytes + self.label_bits

    @property
    def pays(self) -> bool:
        """Whether file and labels are shorter than the labels alone."""
        return self.total_bits < self.plain_bits

    @property
    def verdict(self) -> str:
        if self.pays:
            return (
                f"The model pays for itself: {self.total_bits:,.0f} bits with it, "
                f"{self.plain_bits:,.0f} without."
            )
        return (
            f"Do not send this model: {self.total_bits:,.0f} bits with it, "
            f"{self.plain_bits:,.0f} without."
        )

    def __repr__(self) -> str:
        from .certificate_page import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .certificate_page import as_html

        return as_html(self)

    def save(self, path: str | Path) -> Path:
        """Write the page as one HTML file that needs nothing else; returns its path."""
        from .certificate_page import as_document

        write_whole(Path(path), as_document(self).encode())
        return Path(path)


def certificate(
    path: str | Path,
    model: nn.Module,
    split: Split,
    *,
    looks: int,
    title: str = "A compressed model",
    method: str = "",
    seed: int | None = None,
    date: str | None = None,
    parameters: int | None = None,
    peers: Iterable[Peer] | None = None,
) -> Certificate:
    """Read a file of `save_compressed`, measure it on all three parts, and certify what is there.

    Every call looks at the test data. Make it the last thing that you do, and count.

    Parameters
    ----------
    path : str or Path
        The file.
    model : nn.Module
        Of the architecture in the file; stays as it is. It maps x (n, ...) to logits (n, classes).
    split : Split
        With whole-number labels. The bits are those of its training labels.
    looks : int
        How often somebody has looked at these test data so far to judge a model of this project,
        this call included. The interval of the test error becomes wider with it.
    title, method : str
    seed : int, optional
    date : str, optional
        Printed as given. Nothing is printed if it is left out.
    parameters : int, optional
        Trainable entries of the dense model, if `model` has fewer (see `remove_neurons`).
    peers : iterable of Peer, optional
        What stands beside it; by default the course's own recorded files, those of the same data
        if there are any (figures/course_files.py).

    Raises
    ------
    CorruptFileError, ValueError
        As `load_compressed`; or if the labels are no classes, a part is empty, the model gives no
        finite logits for each class, or looks < 1.

    Examples
    --------
    >>> import tempfile
    >>> from l0course import MLP, digits, fit, save_compressed
    >>> split = digits()
    >>> model = fit(MLP((64, 10), seed=0), split.train, split.validation, epochs=5, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = save_compressed(model, f"{folder}/a.l0", bits=3)
    ...     page = certificate(f"{folder}/a.l0", MLP((64, 10), seed=1), split, looks=1, peers=())
    >>> page.file_bytes == size, page.nonzero <= page.parameters == 650, page.test.rows
    (True, True, 400)
    """
    integer("looks", looks, 1)
    blob = Path(path).read_bytes()
    twin = decode_model(blob, copy.deepcopy(model))
    dense = sum(p.numel() for p in twin.parameters() if p.requires_grad)
    if parameters is not None:
        dense = integer("parameters", parameters, dense)
    if peers is None:
        from .figures.course_files import course_files

        peers = course_files(split.name)
    classes = 1 + int(max(y.max() for _, y in (split.train, split.validation, split.test)))
    return Certificate(
        title=title,
        task=split.name,
        method=method,
        seed=seed,
        date=date,
        file_bytes=len(blob),
        sha256=hashlib.sha256(blob).hexdigest(),
        parameters=dense,
        nonzero=count_nonzero(twin),
        rows=len(split.y_train),
        label_bits=label_bits_of(twin, split.train),
        plain_bits=class_bits(split.y_train.numpy(), classes),
        validation=Mistakes(wrong_answers(twin, split.validation), len(split.y_val)),
        test=Mistakes(wrong_answers(twin, split.test), len(split.y_test), looks),
        versions={
            "l0course": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        peers=tuple(peers),
    )
