"""An entry of the leaderboard: a small JSON file with claims, and the compressed model beside it.

Nothing in an entry can run: the JSON holds texts and whole numbers, and the model file numbers
only. A check reads the file, counts everything anew and compares with the claims.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from ..checks import integer
from ..codec import decode_model
from ..file_measures import wrong_answers
from ..pruning import count_nonzero
from ..whole_file import write_whole
from .tasks import network, task_of, task_split

__all__ = ["Checked", "Entry", "add_entry", "check_entry", "read_entry"]

_MOST_BYTES = 1 << 20  # of a model file; 16 kB of an entry
_TEXTS = {"who": 60, "method": 300, "architecture": 60, "task": 20, "file": 80, "sha256": 64}
_CLAIMS = {
    "bytes": "bytes",
    "nonzero": "weights that are not zero",
    "test_wrong": "wrong answers on the test rows",
}


@dataclass(frozen=True)
class Entry:
    """What an entry says.

    Attributes
    ----------
    task, architecture : names (tasks.py).
    who, method : short texts.
    file, sha256 : the model file beside the entry, and its hash.
    looks : how often its makers have looked at the task's test data so far, this look included.
    bytes, nonzero, test_wrong : claims: size of the file, weights that are not zero, wrong answers
        on the test rows.
    """

    task: str
    who: str
    architecture: str
    method: str
    file: str
    sha256: str
    looks: int
    bytes: int
    nonzero: int
    test_wrong: int


@dataclass(frozen=True)
class Checked:
    """An entry whose claims hold; `test_checked` is False if the test data are not here."""

    entry: Entry
    path: Path
    test_checked: bool
    note: str = ""


def read_entry(path: str | Path) -> Entry:
    """Read an entry. ValueError with one sentence if it is not of the right form."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            raw = json.loads(file.read(1 << 14).decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not an entry: it is not JSON of at most 16 kB.") from error
    names = list(Entry.__dataclass_fields__)
    if not isinstance(raw, dict) or set(raw) != set(names):
        raise ValueError(f"{path} must hold just these: {', '.join(names)}.")
    for name, most in _TEXTS.items():
        text = raw[name]
        if not isinstance(text, str) or not 0 < len(text) <= most or not text.isprintable():
            raise ValueError(f"{path}: {name} must be a printable text of at most {most} letters.")
    for name in ("looks", *_CLAIMS):
        integer(f"{path}: {name}", raw[name], int(name == "looks"))
    if not re.fullmatch(r"[\w-][\w.-]*\.l0", raw["file"]):
        raise ValueError(f"{path}: file must be the name of a .l0 file in the same folder.")
    return Entry(**raw)


def check_entry(path: str | Path) -> Checked:
    """Read an entry and its file, count everything anew, and compare.

    If the task's test data are not on this machine, all but the test error is checked, and the note
    says so.

    Raises
    ------
    ValueError
        With one sentence: the entry is not of the right form, names an unknown task or
        architecture, its file has another hash or is damaged, or a claim is wrong.
    FileNotFoundError
        If the entry or its file is not there.
    """
    path = Path(path)
    entry = read_entry(path)
    with open(path.with_name(entry.file), "rb") as file:
        blob = file.read(_MOST_BYTES + 1)
    if len(blob) > _MOST_BYTES:
        raise ValueError(f"{path}: the file has more than {_MOST_BYTES:,} bytes.")
    if hashlib.sha256(blob).hexdigest() != entry.sha256:
        raise ValueError(f"{path}: {entry.file} is not the file of this entry, its hash differs.")
    try:
        found, note = _measure(blob, entry.architecture, entry.task)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if entry.test_wrong > task_of(entry.task).test_rows:
        raise ValueError(f"{path} claims more wrong answers than there are test rows.")
    for name, words in _CLAIMS.items():
        claim = getattr(entry, name)
        if found.get(name, claim) != claim:
            raise ValueError(f"{path} claims {claim:,} {words}, but there are {found[name]:,}.")
    return Checked(entry, path, "test_wrong" in found, note)


def add_entry(
    file: str | Path,
    folder: str | Path,
    *,
    task: str,
    architecture: str,
    who: str,
    method: str,
    looks: int,
) -> Path:
    """Copy a model file to the leaderboard and write its entry; returns the entry's path.

    This looks at the test data: count it in `looks`. Errors as in `check_entry`; FileNotFoundError
    if the test data are not on this machine.
    """
    blob = Path(file).read_bytes()
    sha256 = hashlib.sha256(blob).hexdigest()
    task_split(task)
    found, _ = _measure(blob, architecture, task)
    name = re.sub(r"[^\w]+", "-", f"{who}-{architecture}", flags=re.ASCII).strip("-").lower()
    stem = Path(folder) / task / f"{name[:60]}-{sha256[:8]}"
    entry = Entry(task, who, architecture, method, f"{stem.name}.l0", sha256, looks, **found)
    draft = stem.with_suffix(".json")
    if draft.exists():
        raise ValueError(f"{draft} is there already: the same file by the same makers.")
    write_whole(stem.with_suffix(".l0"), blob)
    write_whole(draft, (json.dumps(asdict(entry), indent=1, ensure_ascii=False) + "\n").encode())
    try:
        check_entry(draft)
    except ValueError:
        draft.unlink()
        stem.with_suffix(".l0").unlink()
        raise
    return draft


def _measure(blob: bytes, architecture: str, task: str) -> tuple[dict[str, int], str]:
    """What can be counted here, and what could not be."""
    model = decode_model(blob, network(architecture, task))
    found = {"bytes": len(blob), "nonzero": count_nonzero(model)}
    try:
        split = task_split(task)
    except FileNotFoundError:
        return found, f"test error not checked: needs {task} (`l0course download {task}`)"
    return found | {"test_wrong": wrong_answers(model, split.test)}, ""
