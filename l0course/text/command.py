"""`l0course text`: a text into a small file, and back, with an honest report."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from ..figures.executors import ONE_THREAD
from ..whole_file import write_whole

__all__ = ["add_arguments", "run"]

SUFFIX = ".l0t"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `l0course text`."""
    parser.add_argument("what", choices=["encode", "decode"])
    parser.add_argument("file", type=Path, help="the text, or the file that encode made of it")
    parser.add_argument("-o", "--out", type=Path, help=f"default: FILE{SUFFIX}, or FILE without it")
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")
    parser.add_argument("--mode", default="prequential", help="prequential (default) or two-part")
    parser.add_argument("--model", help="of prequential: contexts, transformer or mixed")
    parser.add_argument(
        "--set",
        metavar="NAME=NUMBER",
        action="append",
        default=[],
        help="another setting of the mode, such as width=128; may be given several times",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 if all went well, 130 after Ctrl-C. Nothing or all of OUT is written."""
    for name, value in ONE_THREAD.items():  # before PyTorch is loaded
        os.environ.setdefault(name, value)
    out = _target(options)
    data = options.file.read_bytes()
    progress = os.environ.get("L0COURSE_PROGRESS", "").lower() != "off" and sys.stderr.isatty()
    start = time.perf_counter()
    try:
        if options.what == "encode":
            from .container import encode

            found = encode(data, mode=options.mode, progress=progress, **_settings(options))
        else:
            from .container import decode

            found = decode(data, progress=progress)
    except KeyboardInterrupt:
        print("\nStopped: nothing was written.", file=sys.stderr)
        return 130
    seconds = time.perf_counter() - start
    write_whole(out, found)
    text, file = (data, found) if options.what == "encode" else (found, data)
    print("\n".join(_report(out, text, file, seconds)))
    return 0


def _target(options: argparse.Namespace) -> Path:
    """Where to write: found out before anything is computed. ValueError if that cannot be."""
    out = options.out
    if out is None and options.what == "encode":
        out = options.file.with_name(options.file.name + SUFFIX)
    if out is None:
        if options.file.suffix != SUFFIX:
            raise ValueError(f"{options.file} does not end in {SUFFIX}: say where to, with -o OUT.")
        out = options.file.with_suffix("")
    if out.is_dir() or (out.exists() and out.samefile(options.file)):
        raise ValueError(f"{out} is a folder or the input itself: name another file with -o OUT.")
    if out.exists() and not options.force:
        raise ValueError(f"{out} is there already: name another file with -o OUT, or add --force.")
    return out


def _settings(options: argparse.Namespace) -> dict[str, int | str]:
    found: dict[str, int | str] = {} if options.model is None else {"model": options.model}
    for given in options.set:
        name, _, value = given.partition("=")
        found[name] = int(value) if value.lstrip("-").isdecimal() else value
    return found


def _report(out: Path, text: bytes, file: bytes, seconds: float) -> list[str]:
    """Where the bytes are, beside the strongest setting of xz, and what it took."""
    import lzma

    from .container import MODES, examine

    header = examine(file)
    module, _ = MODES[header.mode].load()
    model = module.model_bytes(header.code)
    xz = len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    parts = {
        "text": len(text),
        "header": len(file) - len(header.code),
        "model": model,
        "data": len(header.code) - model,
        "file": len(file),
        "xz -9e": xz,
    }
    lines = [f"{name:8}{size:14,} bytes{_rate(size, text)}" for name, size in parts.items()]
    return [str(out), *lines, f"{seconds:.1f} s, {len(text) / 1000 / seconds:.1f} kB/s"]


def _rate(size: int, text: bytes) -> str:
    return f"{8 * size / len(text):9.3f} bits per byte" if text else ""
