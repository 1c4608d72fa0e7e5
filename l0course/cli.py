"""The `l0course` command: lessons, their site, courses, figures, this machine, data, files."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .figures import command as figures_command
from .leaderboard import command as leaderboard_command
from .text import command as text_command

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 if all went well. Errors are one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"l0course {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print("\nStopped. The same command goes on from what was finished.", file=sys.stderr)
        return stop.args[0] if stop.args else 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="l0course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    build = commands.add_parser("build", help="make the notebooks from notebooks/src")
    build.add_argument("lessons", nargs="*", help="numbers such as 02; all if none is named")
    build.add_argument("--check", action="store_true", help="only tell what is stale")
    build.add_argument("--folder", type=Path, default=Path("notebooks"))
    build.set_defaults(run=_build)

    release = commands.add_parser("release", help="an nbgrader course: assignments that are graded")
    release.add_argument("target", metavar="DIR", type=Path, help="a new folder")
    release.add_argument("--lessons", nargs="+", default=[], help="numbers such as 02; default all")
    release.add_argument("--seed", type=int, help="other numbers in the exercises; keep it secret")
    release.add_argument("--folder", type=Path, default=Path("notebooks"))
    release.set_defaults(run=_release)

    site = commands.add_parser("site", help="make static pages of the lessons")
    site.add_argument("folder", type=Path, help="where to put them; an older site is replaced")
    site.set_defaults(run=_site)

    figures = commands.add_parser("figures", help="compute, record and draw figures")
    figures_command.add_arguments(figures)

    text = commands.add_parser("text", help="a text into a small file, and back")
    text_command.add_arguments(text)

    leaderboard = commands.add_parser("leaderboard", help="check and rank files of models")
    leaderboard_command.add_arguments(leaderboard)

    doctor = commands.add_parser("doctor", help="versions, threads, memory, what is missing")
    doctor.set_defaults(run=_doctor)

    download = commands.add_parser("download", help="fetch a data set, because you ask for it")
    download.add_argument("name", choices=["mnist", "fashion-mnist"])
    download.add_argument("--folder", type=Path, help="where to put it; the user's cache if unset")
    download.set_defaults(run=_download)
    return parser


def _chosen(options: argparse.Namespace) -> list:
    """The lessons that were named, or all."""
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
    return chosen


def _build(options: argparse.Namespace) -> int:
    from .learn import build

    chosen = _chosen(options)
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


def _release(options: argparse.Namespace) -> int:
    try:
        from .release.course import write_course
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"{error.name} is missing: run `make release DIR=...` in a clone of the course, "
            "which installs it."
        ) from error
    for name, total in write_course(options.target, _chosen(options), options.seed):
        print(f"{name}: {total} points")
    print(f"Written to {options.target}. Read README.md there, then GUIDE.md.")
    return 0


def _site(options: argparse.Namespace) -> int:
    from .learn.site import build_site

    print(f"Open {build_site(Path.cwd(), options.folder)} in a browser.")
    return 0


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
