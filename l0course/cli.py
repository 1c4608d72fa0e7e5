"""The `l0course` command: build the notebooks, make figures, look at this machine, fetch data."""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tqdm import tqdm

from .checks import integer

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 if all went well. Errors are one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"l0course {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was finished is kept; the same command goes on from there.")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="l0course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    build = commands.add_parser("build", help="make the notebooks from notebooks/src")
    build.add_argument("lessons", nargs="*", help="numbers such as 02; all if none is named")
    build.add_argument("--check", action="store_true", help="only tell what is stale")
    build.add_argument("--folder", type=Path, default=Path("notebooks"))
    build.set_defaults(run=_build)

    figures = commands.add_parser("figures", help="compute and draw a figure")
    figures.add_argument("name", nargs="?")
    figures.add_argument("--list", action="store_true", help="list figures and presets")
    figures.add_argument("--preset", default="quick")
    figures.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
    figures.add_argument("--out", type=Path, default=Path("figures"))
    figures.set_defaults(run=_figures)

    doctor = commands.add_parser("doctor", help="versions, threads, memory, what is missing")
    doctor.set_defaults(run=_doctor)

    download = commands.add_parser("download", help="fetch a data set, because you ask for it")
    download.add_argument("name", choices=["mnist", "fashion-mnist"])
    download.add_argument("--folder", type=Path, help="where to put it; the user's cache if unset")
    download.set_defaults(run=_download)
    return parser


def _build(options: argparse.Namespace) -> int:
    from .learn import build

    chosen = [
        lesson
        for lesson in build.lessons(options.folder)
        if not options.lessons or lesson.source.stem[:2] in options.lessons
    ]
    unknown = set(options.lessons) - {lesson.source.stem[:2] for lesson in chosen}
    if unknown:
        raise ValueError(
            f"there is no lesson {', '.join(sorted(unknown))} in {options.folder}/src."
        )
    if options.check:
        reasons = [reason for lesson in chosen for reason in build.stale(lesson)]
        for reason in reasons:
            print(reason)
        if reasons:
            raise RuntimeError("some notebooks are stale: run `make build` and commit the result.")
        print(f"{len(chosen)} lessons match their sources.")
        return 0
    for lesson in chosen:
        print(f"{lesson.source.stem}: solved notebook ran in {build.build(lesson):.0f} s")
    return 0


def _figures(options: argparse.Namespace) -> int:
    from .figures import registry

    if options.list or options.name is None:
        for name in registry.names():
            figure = registry.find(name)
            print(f"{name:18} {figure.title}  [{', '.join(figure.presets)}]")
        return 0
    integer("--jobs", options.jobs, 1)
    options.out.mkdir(parents=True, exist_ok=True)  # find out now if it cannot be written
    figure = registry.find(options.name)
    cells = figure.cells(options.preset)
    bar = tqdm(total=len(cells), unit="cell", disable=None)
    if options.jobs > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.jobs, mp_context=context) as executor:
            _follow(figure, options.preset, executor, bar)
    else:
        _follow(figure, options.preset, None, bar)
    for path in save(figure, options.preset, options.out):
        print(path)
    return 0


def _follow(figure, preset: str, executor, bar: tqdm) -> None:
    with bar:
        bar.update(sum(figure.recorded(cell) is not None for cell in figure.cells(preset)))
        for _ in figure.run(preset, executor):
            bar.update()


def save(figure, preset: str, folder: Path) -> list[Path]:
    """Write a recorded figure as SVG, PDF, PNG and CSV; return the paths."""
    import matplotlib

    matplotlib.use("Agg")
    from .figures.style import png, use_style

    use_style()
    results = figure.load(preset)
    picture = figure.draw(results)
    paths = [folder / f"{figure.name}{ending}" for ending in (".svg", ".pdf", ".png", ".csv")]
    paths[2].write_bytes(png(picture))
    with matplotlib.rc_context({"svg.hashsalt": figure.name}):
        picture.savefig(paths[0], metadata={"Date": None})
        picture.savefig(paths[1], metadata={"CreationDate": None})
    header, rows = figure.table(results)
    with open(paths[3], "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return paths


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import examine

    start = time.perf_counter()
    lines, sound = examine()
    print("\n".join(lines))
    print(f"(looked for {time.perf_counter() - start:.1f} s)")
    return 0 if sound else 1


def _download(options: argparse.Namespace) -> int:
    from .image_files import download

    print(download(options.name, options.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
