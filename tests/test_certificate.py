"""The certificate: counted anew from the file, the same every time, and readable on one page."""

import hashlib
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from scipy.stats import binom, multinomial

from l0course import (
    MLP,
    CorruptFileError,
    certificate,
    class_bits,
    count_nonzero,
    digits,
    fit,
    label_bits,
    load_compressed,
    magnitude_prune,
    save_compressed,
    wrong_answers,
)
from l0course.certificates import Mistakes
from l0course.figures.course_files import course_files


def net(seed=0):
    return MLP((64, 12, 10), seed=seed)


@pytest.fixture(scope="module")
def split():
    return digits(seed=0)


@pytest.fixture(scope="module")
def path(split, tmp_path_factory):
    settings = {"epochs": 15, "lr": 5e-3, "batch_size": 50, "progress": False}
    model = fit(net(), split.train, split.validation, **settings)
    magnitude_prune(model, 0.2)
    path = tmp_path_factory.mktemp("certificate") / "model.l0"
    save_compressed(model, path, bits=3)
    return path


def test_every_number_is_that_of_the_file(path, split):
    page = certificate(path, net(seed=5), split, looks=3, method="by hand", seed=0)
    twin = load_compressed(path, net()).double()
    with torch.no_grad():
        p = [
            twin(x.double()).softmax(1).numpy() for x in (split.x_train, split.x_val, split.x_test)
        ]
    assert page.file_bytes == path.stat().st_size
    assert page.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (page.nonzero, page.parameters) == (count_nonzero(twin), 64 * 12 + 12 + 120 + 10)
    assert page.label_bits == pytest.approx(label_bits(p[0], split.y_train), rel=1e-9)
    assert page.total_bits == pytest.approx(8 * page.file_bytes + page.label_bits)
    assert page.plain_bits == pytest.approx(1097 * math.log2(10))  # balanced classes
    for found, probabilities, labels in [
        (page.validation, p[1], split.y_val),
        (page.test, p[2], split.y_test),
    ]:
        assert found.wrong == (probabilities.argmax(1) != labels.numpy()).sum()
        assert found.rows == len(labels)
    assert page.test.looks == 3 and page.validation.looks == 1
    assert 0.8 > page.test.share > 0


def test_the_same_file_gives_the_same_page(path, split, tmp_path):
    pages = [certificate(path, net(seed), split, looks=1, seed=4) for seed in (0, 1)]
    assert repr(pages[0]) == repr(pages[1])
    saved = [page.save(tmp_path / f"{i}.html").read_bytes() for i, page in enumerate(pages)]
    assert saved[0] == saved[1]
    dated = certificate(path, net(), split, looks=1, date="1 May")
    assert "1 May" in repr(dated) and "date" not in repr(pages[0])


def test_shuffled_labels_do_not_pay(path, split):
    order = torch.randperm(1097, generator=torch.Generator().manual_seed(0))
    page = certificate(path, net(), replace(split, y_train=split.y_train[order]), looks=1)
    assert not page.pays and page.verdict.startswith("Do not send this model")


class Text(HTMLParser):
    """Checks that tags are balanced; collects text and attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.attributes = [], [], []

    def handle_starttag(self, tag, attributes):
        self.attributes += attributes
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_stands_alone_and_says_what_the_text_says(path, split, tmp_path):
    page = certificate(path, net(), split, looks=2, title="<b>&Co", method="x < y")
    saved = page.save(tmp_path / "page.html").read_text()
    parser = Text()
    parser.feed(saved)
    assert not parser.open
    assert not [a for a in parser.attributes if a[0] in ("src", "href")] and "url(" not in saved
    assert "<script" not in saved and "<b>&Co" not in saved and "color-scheme: light dark" in saved
    words = "".join(parser.text).replace("\xa0", " ")
    for part in (page.verdict, page.sha256, "2 looks", "<b>&Co", "x < y", repr(page.test)):
        assert part in words and part in repr(page)
    assert max(map(len, repr(page).splitlines())) <= 100
    assert re.findall(r"<h(\d)", saved) == ["1", *"22222"]
    assert "<h" not in page._repr_html_()  # a lesson has headings of its own


def test_beside_it_stand_the_courses_own_files_or_another_task_by_name(path, split):
    assert {peer.task for peer in course_files("digits")} == {"digits"}
    assert {round(peer.bytes) for peer in course_files("mnist")} >= {2022, 1284}  # as recorded
    mine = certificate(path, net(), replace(split, name="my own"), looks=1)
    assert mine.peers and all(peer.task == "mnist" for peer in mine.peers)
    assert repr(mine).count("another task, mnist") == len(mine.peers)


def test_the_interval_is_exact_and_widens_with_looks():
    """At its ends, a count like this has a tail of 2.5 %; with k looks, of 2.5 % / k."""
    for looks in (1, 10, 300):
        low, high = Mistakes(12, 400, looks).interval
        assert 1 - binom.cdf(11, 400, low) == pytest.approx(0.025 / looks, rel=1e-6)
        assert binom.cdf(12, 400, high) == pytest.approx(0.025 / looks, rel=1e-6)


def test_labels_alone_cost_what_a_code_of_counts_costs():
    """Against probabilities: counts uniform over all tables, then one order of those with them."""
    labels = np.repeat([0, 1, 2], [90, 7, 3])
    tables = math.comb(102, 2)
    orders = round(math.factorial(100) / math.factorial(90) / math.factorial(7) / 6)
    assert class_bits(labels, 3) == pytest.approx(math.log2(tables) + math.log2(orders))
    likeliest = multinomial.logpmf([90, 7, 3], 100, [0.9, 0.07, 0.03]) / math.log(2)
    assert class_bits(labels, 3) > math.log2(orders) > -likeliest
    with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
        class_bits(labels, 2)


def test_bad_input_is_named(path, split, tmp_path):
    with pytest.raises(ValueError, match="looks must lie between 1"):
        certificate(path, net(), split, looks=0)
    with pytest.raises(ValueError, match="parameters must lie between 910"):
        certificate(path, net(), split, looks=1, parameters=100)
    with pytest.raises(ValueError, match="needs rows x"):
        certificate(path, net(), replace(split, y_test=split.y_test.double()), looks=1)
    with pytest.raises(ValueError, match="one finite number for each class"):
        wrong_answers(MLP((64, 3), seed=0), split.test)
    (tmp_path / "cut.l0").write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CorruptFileError, match="corrupt"):
        certificate(tmp_path / "cut.l0", net(), split, looks=1)
