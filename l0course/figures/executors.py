"""Where a sweep runs: in this process, in joblib's processes, or on a Dask cluster.

All of them have the interface of `concurrent.futures`. What travels to a worker is one cell, what
comes back is a plain dictionary, and only the process that started the sweep writes files. So the
workers need the package, and no file system in common.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from datetime import date
from importlib import metadata
from typing import Any

from .fingerprint import fingerprint

__all__ = ["attempt", "open_executor", "sweep", "versions"]

log = logging.getLogger(__name__)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
CONNECT = 5.0  # seconds that a Dask scheduler has for its answer
_alone = threading.RLock()  # PyTorch's random state belongs to the process: one cell at a time


@contextmanager
def open_executor(jobs: int = 1, dask: str | None = None) -> Iterator[Executor | None]:
    """What `sweep` runs on: None (this process), `jobs` processes, or the cluster at an address.

    At the end, also after an error or Ctrl-C, the processes are killed; a cluster stays.
    """
    if dask is not None:
        with _cluster(dask) as executor:
            yield executor
    elif jobs > 1:
        with _processes(jobs) as executor:
            yield executor
    else:
        yield None


def sweep(
    compute: Callable[..., dict],
    cells: list[dict[str, Any]],
    executor: Executor | None = None,
    **options: Any,
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Compute all cells; yield (cell, outcome of `attempt`) as they finish.

    A cell that fails, or whose worker is lost, has an outcome with "error"; the others go on.
    """
    code = fingerprint(compute)  # now: the source may be edited while a long sweep runs
    if executor is None:
        for cell in cells:
            yield cell, attempt(compute, cell, code, options)
        return
    jobs = {executor.submit(attempt, compute, cell, code, options): cell for cell in cells}
    try:
        for job in as_completed(list(jobs)):
            error = None if job.cancelled() else job.exception()
            if job.cancelled():
                outcome = {"error": "the executor gave it up: is its scheduler gone?"}
            elif error is not None:
                outcome = {"error": _words(error)}
            else:
                outcome = job.result()
            yield jobs.pop(job), outcome
    finally:
        for job in jobs:
            job.cancel()


def attempt(
    compute: Callable[..., dict], cell: dict[str, Any], code: str, options: dict[str, Any]
) -> dict[str, Any]:
    """Compute one cell, wherever this runs: the result and how it came about, or "error".

    The error is text, because not every exception survives the way back from a worker.
    """
    with _alone:
        if fingerprint(compute) != code:
            return {"error": "the worker has another version of the code; restart the workers"}
        start = time.perf_counter()
        try:
            result = json.loads(json.dumps(compute(cell, **options)))  # JSON values, or an error
        except Exception as error:
            return {"error": _words(error), "traceback": traceback.format_exc()}
        seconds = round(time.perf_counter() - start, 2)
    device = options.get("device", "cpu")
    return {
        "result": result,
        "code": code,
        "seconds": seconds,
        "date": date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        **({} if device == "cpu" else {"device": _device_name(device)}),
        "versions": versions(),
    }


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def versions() -> dict[str, str]:
    """The versions that decide the numbers, for a record."""
    packages = ("l0course", "numpy", "scipy", "scikit-learn", "torch")
    found = {package: metadata.version(package) for package in packages}
    return {"python": platform.python_version(), **found}


def _device_name(device: str) -> str:
    import torch

    if torch.device(device).type != "cuda":
        return device
    return f"{device} ({torch.cuda.get_device_name(device)})"


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    from joblib.externals.loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(
        jobs, initializer=_follow, initargs=(os.getpid(),), env=ONE_THREAD
    )
    kill = True
    try:
        with _signals_held():  # loky must know of each process that it has started
            executor.submit(os.getpid)
        yield executor
        kill = False
    finally:
        hook = threading.excepthook
        if kill:  # loky's own thread may find a worker gone: that is what we want
            threading.excepthook = lambda failed: None
        try:
            with _signals_held():
                executor.shutdown(kill_workers=kill)
        finally:
            threading.excepthook = hook


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # other threads get no signals
        return
    came: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda number, frame: came.append(number)) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
        for number in came:
            signal.raise_signal(number)


def _follow(parent: int) -> None:
    """In a worker: leave Ctrl-C to the parent, and end when the parent is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise RuntimeError(
            "--dask needs the package distributed: run `pip install distributed`."
        ) from None
    if not re.fullmatch(r"(tcp|tls|ws|wss)://[^/\s]+:\d+", address):
        raise ValueError(f"--dask needs an address as tcp://127.0.0.1:8786, got {address!r}.")
    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"no Dask scheduler answered at {address!r}: start one with `dask scheduler`, workers "
            "with `dask worker ADDRESS --nthreads 1`, and give the address that it prints."
        ) from error
    with client:
        if not client.scheduler_info()["workers"]:
            log.warning("The cluster at %s has no worker yet: waiting for one.", address)
        yield client.get_executor(pure=False)
