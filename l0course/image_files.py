"""MNIST's files: found on this machine, verified, or downloaded because a person asks for it.

The files are in IDX form, gzipped or not. One is used only if the SHA-256 of its unpacked bytes is
the known one. Only `download` uses the network.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import urllib.error
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_dir
from tqdm import tqdm

__all__ = ["CorruptDataError", "download", "locate", "read_idx", "checked_bytes"]

_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
SHA256 = {  # of the unpacked bytes, in the order of _FILES
    "mnist": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "fashion-mnist": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
_URLS = {
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
}
_DEBIAN = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}


class CorruptDataError(ValueError):
    """A data file is damaged, incomplete, or not the file that its name says."""


def locate(name: str, folder: str | Path | None) -> list[Path]:
    """Return the four files, in the order of _FILES, from the first place that has them all."""
    root = folder if folder is not None else os.environ.get("L0COURSE_DATA")
    places = [Path(root).expanduser() / name, Path(root).expanduser()] if root else []
    if folder is None:
        places += [_DEBIAN[name]] if name in _DEBIAN else []
        places += [_cache(name)]
    looked = []
    for place in places:
        found = [_find(place, stem) for stem in _FILES]
        if all(found):
            return found
        lacks = [stem for stem, path in zip(_FILES, found, strict=True) if path is None]
        looked.append(f"{place} (lacks {', '.join(lacks)})" if any(found) else str(place))
    debian = "install Debian's package dataset-fashion-mnist, " if name in _DEBIAN else ""
    leave = "" if folder is None else " and leave `folder` out"
    raise FileNotFoundError(
        f"{name} was not found; looked in {', '.join(looked)}: run `l0course download {name}`"
        f"{leave}, {debian}or set L0COURSE_DATA to a folder that has its four IDX files"
    )


def _cache(name: str) -> Path:
    return Path(user_cache_dir("l0course"), name)


def _find(place: Path, stem: str) -> Path | None:
    return next((p for p in (place / stem, place / f"{stem}.gz") if p.is_file()), None)


def checked_bytes(path: Path, sha256: str, remedy: str) -> bytes:
    """Return the file's bytes, unpacked if gzipped, if their SHA-256 is the one given."""
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        sound = hashlib.sha256(raw).hexdigest() == sha256
    except (EOFError, gzip.BadGzipFile, zlib.error):
        sound = False
    if not sound:
        raise CorruptDataError(
            f"{path} has the wrong checksum (damaged, incomplete, or another data set's file): "
            f"put it aside and {remedy}"
        )
    return raw


def read_idx(path: Path, sha256: str, remedy: str) -> np.ndarray:
    """Read an IDX file of bytes: 0, 0, 8 (the type), rank, big-endian sizes, then the data."""
    raw = checked_bytes(path, sha256, remedy)
    start = 4 + 4 * raw[3] if raw[:3] == b"\0\0\x08" and len(raw) > 3 else len(raw) + 1
    sizes = [int.from_bytes(raw[i : i + 4]) for i in range(4, start, 4)]
    if start > len(raw) or start + math.prod(sizes) != len(raw):
        raise CorruptDataError(f"{path} is not an IDX file of bytes: put it aside and {remedy}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(sizes)


def download(
    name: str,
    folder: str | Path | None = None,
    *,
    base_url: str | None = None,
    progress: bool = True,
) -> Path:
    """Download "mnist" or "fashion-mnist"; return the folder, where the loaders then find it.

    Files that are already there and sound are kept. What an interrupted download brought stays
    as `*.part`, and the next call goes on from there. Every file is verified before it gets its
    name; a wrong one is deleted.

    Parameters
    ----------
    folder : where to put the four gzipped IDX files; None is the user's cache folder.
    base_url : another place that holds them, http(s) or file.
    progress : whether to show a progress bar.

    Raises
    ------
    ValueError : unknown `name`.
    ConnectionError : no connection, or it was cut.
    CorruptDataError : the server sent something else.

    Examples
    --------
    >>> download("mnist", "data/mnist")  # doctest: +SKIP
    PosixPath('data/mnist')
    """
    if name not in SHA256:
        raise ValueError(f"download knows {' and '.join(map(repr, SHA256))}, not {name!r}")
    place = Path(folder).expanduser() if folder is not None else _cache(name)
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".download.lock"):  # a second process waits, then finds the files
        for stem, sha256 in zip(_FILES, SHA256[name], strict=True):
            old, part, target = _find(place, stem), place / f"{stem}.part", place / f"{stem}.gz"
            if old and _is_sound(old, sha256):
                continue
            url = f"{(base_url or _URLS[name]).rstrip('/')}/{stem}.gz"
            _fetch(url, part, progress)
            if not _is_sound(part, sha256):
                part.unlink()
                raise CorruptDataError(
                    f"{url} did not give the file expected (its checksum is wrong), so it was "
                    "deleted: run the download again, or try another base_url"
                )
            os.replace(part, target)
            if old and old != target:
                old.unlink()  # a damaged unpacked copy, which the loader would prefer
    return place


def _is_sound(path: Path, sha256: str) -> bool:
    try:
        return bool(checked_bytes(path, sha256, ""))
    except CorruptDataError:
        return False


def _fetch(url: str, part: Path, progress: bool) -> None:
    """Complete `part` from `url`, going on from what an earlier call left."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except (OSError, HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code == 416:
            return  # the part is already whole; its checksum decides
        reason = f"{getattr(error, 'code', '')} {getattr(error, 'reason', error)}".strip()
        raise ConnectionError(
            f"could not get {url} ({reason}): check the connection, or put the four files in a "
            "folder and set L0COURSE_DATA to it"
        ) from error
    with response:
        have = have if response.status == 206 else 0  # 200: the server sends all from the start
        size = response.headers["Content-Length"]
        total = have + int(size) if size else None
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, disable=not progress)
        with bar, part.open("ab" if have else "wb") as file:
            bar.set_description(part.stem)
            try:
                while chunk := response.read(1 << 16):
                    file.write(chunk)
                    bar.update(len(chunk))
                if total and file.tell() < total:
                    raise ConnectionResetError("the connection was cut")
            except (OSError, HTTPException) as error:
                raise ConnectionError(
                    f"the download of {url} stopped at {file.tell()} of {total} bytes ({error}): "
                    "run it again to go on from there"
                ) from error
