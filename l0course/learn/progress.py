"""What the learner has done, in one small file on this machine that survives a crash.

The file is ``progress.json`` in the folder ``$L0COURSE_HOME``, else in the user's data folder.
``L0COURSE_PROGRESS=off`` keeps no record. Nothing is ever sent anywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_data_path

__all__ = ["load", "progress_path", "update"]

_SECTIONS = {"exercises": dict, "predictions": list, "quizzes": list}  # the kind of their entries
_warned = False  # one warning a session is enough


def progress_path() -> Path | None:
    """Where the record is kept, or None if the learner has switched it off.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, {"L0COURSE_PROGRESS": "off"}):
    ...     print(progress_path())
    None
    """
    if os.environ.get("L0COURSE_PROGRESS", "").lower() in ("off", "0", "no", "false"):
        return None
    home = os.environ.get("L0COURSE_HOME")
    folder = Path(home) if home else user_data_path("l0course", appauthor=False)
    return folder / "progress.json"


def load() -> dict[str, dict[str, Any]]:
    """Read the record: sections "exercises", "predictions" and "quizzes", each keyed by id.

    A missing file is an empty record. A file that cannot be understood is set aside as
    ``progress.json.broken``, and an empty record begins.

    Examples
    --------
    >>> sorted(load())
    ['exercises', 'predictions', 'quizzes']
    """
    path = progress_path()
    try:
        return _read(path) if path else _empty()
    except ValueError:
        update(lambda record: None)  # sets the broken file aside, under the lock
    except OSError as error:
        _warn_once(error)
    return _empty()


def update(change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    """Apply `change` to the record and write it, with no other writer in between.

    A disk that cannot be written gives one sentence per session, and the lesson goes on.

    Parameters
    ----------
    change : callable
        Gets the record, as `load` returns it, and alters it in place.

    Examples
    --------
    >>> import tempfile
    >>> from unittest.mock import patch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with patch.dict(os.environ, {"L0COURSE_HOME": folder, "L0COURSE_PROGRESS": ""}):
    ...         update(lambda record: record["quizzes"].update({"02": [True]}))
    ...         load()["quizzes"]
    {'02': [True]}
    """
    path = progress_path()
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=10):
            try:
                record = _read(path)
            except ValueError:
                _set_aside(path)
                record = _empty()
            change(record)
            _write(path, json.dumps(record, indent=1, sort_keys=True))
    except (OSError, NotImplementedError) as error:  # NotImplementedError: a disk without locks
        _warn_once(error)


def _empty() -> dict[str, dict[str, Any]]:
    return {name: {} for name in _SECTIONS}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Read the file; ValueError unless it is sections of entries of the right kind."""
    try:
        record = json.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return _empty()
    if not isinstance(record, dict):
        raise ValueError("not a record")
    record = _empty() | record
    for name, kind in _SECTIONS.items():
        section = record[name]
        if not isinstance(section, dict) or not all(isinstance(e, kind) for e in section.values()):
            raise ValueError(f"section {name} is of the wrong kind")
    return record


def _write(path: Path, text: str) -> None:
    """Write to a temporary file, then put it in place in one step. Call it under the lock."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _set_aside(path: Path) -> None:
    broken = path.with_name(path.name + ".broken")
    os.replace(path, broken)
    print(f"Your progress file could not be read: it is now {broken.name}, and a new one begins.")


def _warn_once(error: BaseException) -> None:
    global _warned
    if not _warned:
        _warned = True
        reason = getattr(error, "strerror", None) or type(error).__name__
        print(f"Your progress cannot be saved ({reason}). The lesson goes on without it.")
