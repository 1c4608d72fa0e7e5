"""`l0course figures`: list the figures, compute and draw them, show what is recorded."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from pathlib import Path

from tqdm import tqdm

from ..checks import integer
from ..whole_file import write_whole
from . import records, registry
from .executors import ONE_THREAD, open_executor
from .registry import Figure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `l0course figures`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures; `all` for every one")
    parser.add_argument("--list", action="store_true", help="list figures, presets and cells")
    parser.add_argument("--preset", help="smoke, quick or paper; quick if there is one")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--resume", action="store_true", help="keep recorded cells (the default)")
    way.add_argument("--fresh", action="store_true", help="compute recorded cells again")
    way.add_argument(
        "--recheck",
        action="store_true",
        help="compute some stale cells again, and accept the others if all come out the same",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
    where.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler, as tcp://host:8786")
    parser.add_argument("--device", default="cpu", help="such as cuda, for figures that can use it")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="folder of the pictures")
    parser.add_argument("--dashboard", action="store_true", help="write OUT/index.html")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 if all went well, 130 or 143 after Ctrl-C or SIGTERM."""
    for name, value in ONE_THREAD.items():  # before PyTorch is loaded; on a busy machine two
        os.environ.setdefault(name, value)  # threads are many times slower than one
    if options.list or not (options.names or options.dashboard):
        for figure in map(registry.find, registry.names()):
            presets = ", ".join(f"{p} {len(cells)}" for p, cells in figure.presets.items())
            print(f"{figure.name:18} {figure.title}  [cells: {presets}]")
        return 0
    chosen = _chosen(options)
    jobs = _jobs(options.jobs)
    _check_device(options)
    for folder in (options.out, *([records.results_folder()] if chosen else [])):
        _check_writable(folder)
    failed = 0
    with _stoppable():
        for figure, preset in chosen:
            try:
                with open_executor(jobs, options.dask) as executor:
                    _make(figure, preset, executor, options)
            except KeyboardInterrupt as stop:
                return _stopped(figure, preset, stop)
            except (ValueError, RuntimeError, OSError) as error:
                failed += 1
                print(f"l0course figures {figure.name}: {error}", file=sys.stderr)
        if options.dashboard:
            from . import dashboard

            print(dashboard.write(options.out))
    return 1 if failed else 0


def _chosen(options: argparse.Namespace) -> list[tuple[Figure, str]]:
    """The figures and presets that were asked for. ValueError if one does not exist."""
    if "all" in options.names:
        figures = [registry.find(name) for name in registry.names()]
        figures = [f for f in figures if options.preset in (None, *f.presets)]
        if not figures:
            raise ValueError(f"no figure has a preset {options.preset!r}.")
    else:
        figures = [registry.find(name) for name in dict.fromkeys(options.names)]
    chosen = [(figure, options.preset or figure.default_preset) for figure in figures]
    for figure, preset in chosen:
        figure.cells(preset)
    return chosen


def _jobs(wanted: int) -> int:
    """As many processes as were asked for, but no more than the machine has cores."""
    if integer("--jobs", wanted, 1) == 1:
        return 1
    from joblib import cpu_count

    if wanted > cpu_count():
        print(f"--jobs {cpu_count()} is used: this machine has no more cores.", file=sys.stderr)
    return min(wanted, cpu_count())


def _check_device(options: argparse.Namespace) -> None:
    """ValueError unless the device is there; a cluster's workers find out by themselves."""
    if options.device == "cpu" or options.dask:
        return
    import torch

    try:
        torch.zeros(1, device=options.device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(f"the device {options.device!r} cannot be used here: {reason}.") from error


def _check_writable(folder: Path) -> None:
    """Find out now, and not after hours, that a folder cannot be written."""
    try:
        write_whole(folder / "can-write", b"")
        (folder / "can-write").unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(
            f"cannot write to {folder} ({error.strerror}): name another folder, with --out for "
            "pictures or L0COURSE_RESULTS for records."
        ) from error


def _make(
    figure: Figure, preset: str, executor: Executor | None, options: argparse.Namespace
) -> None:
    """Compute what is not recorded, write the files, and show the comparison."""
    records.sweep_up(records.results_folder() / figure.name)
    records.sweep_up(options.out, f"{figure.name}*")
    found = [figure.look_up(cell) for cell in figure.cells(preset)]
    for one in found:
        if one.state == "corrupt":
            print(
                f"Corrupt record {one.path}: {one.reason}. It is computed again.", file=sys.stderr
            )
    print(f"{figure.name} {preset}: {records.summary(found)}.", file=sys.stderr)
    if options.recheck:
        from .recheck import recheck

        again, accepted = recheck(figure, preset)
        print(f"{again} cells came out the same; {accepted} records are accepted.")
        return
    device = options.device
    if device != "cpu" and not figure.takes_device:
        print(f"{figure.name} runs on the CPU: it has no use for a device.", file=sys.stderr)
        device = "cpu"
    done = 0 if options.fresh else sum(one.state == "current" for one in found)
    quiet = True if os.environ.get("L0COURSE_PROGRESS", "").lower() == "off" else None
    bar = tqdm(total=len(found), initial=done, unit="cell", smoothing=0, disable=quiet)
    cells = figure.run(preset, executor, device=device, fresh=options.fresh)
    with bar, closing(cells):
        for _ in cells:
            bar.update()
    from .output import compared, in_words, save

    for path in save(figure, preset, options.out):
        print(path)
    for what, published, here, source in compared(figure, figure.load(preset)):
        print(f"{what}: published {in_words(published)} ({source}), here {in_words(here)}")


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops as Ctrl-C does; a second signal ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    kinds = [kind for kind in kinds if signal.getsignal(kind) is not signal.SIG_IGN]

    def stop(number: int, frame: object) -> None:
        for kind in kinds:
            signal.signal(kind, signal.SIG_DFL)
        raise KeyboardInterrupt(128 + number)

    before = [signal.signal(kind, stop) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _stopped(figure: Figure, preset: str, stop: KeyboardInterrupt) -> int:
    found = records.summary([figure.look_up(cell) for cell in figure.cells(preset)])
    print(f"\nStopped. {found}; `{figure.command(preset)}` goes on from there.", file=sys.stderr)
    return stop.args[0] if stop.args else 130
