"""One page about all figures: what is recorded, whether it matches the code, how it is made.

The page is one file that asks nothing of the network.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path

from ..whole_file import write_whole
from . import records, registry
from .output import compared, drawn, in_words
from .records import Found
from .registry import Figure
from .style import png

__all__ = ["page", "write"]

MARKS = {"current": "●", "incomplete": "◐", "stale": "○", "corrupt": "✕", "missing": "–"}
HEADERS = "figure|preset|state|cells|recorded|computed for|command"

LOOK = """
:root { color-scheme: light dark; --text: #1a1a1a; --page: #ffffff; --line: #c8c8c8;
  --quiet: #555555; --code: #f0f0f0; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #16181b; --line: #4a4d52;
  --quiet: #b0b0b0; --code: #26292e; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 3rem; }
p.source, figcaption, .note { color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0;
  border-bottom: 1px solid var(--line); }
code { background: var(--code); padding: .1rem .3rem; border-radius: .2rem; }
caption { text-align: left; }
td:nth-child(-n+6) { white-space: nowrap; }
figure { margin: 1rem 0; max-width: 46rem; }
img { max-width: 100%; height: auto; background: #ffffff; padding: .5rem; border-radius: .3rem; }
"""


def write(folder: Path) -> Path:
    """Write the page as index.html; return its path."""
    path = folder / "index.html"
    write_whole(path, page().encode())
    return path


def page() -> str:
    """The page, as HTML: a table of all presets, then each figure with its pictures."""
    figures = [registry.find(name) for name in registry.names()]
    shown = {f.name: [Preset.of(f, preset) for preset in f.presets] for f in figures}
    rows = [one.row() for presets in shown.values() for one in presets]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Figures of l0course</title><style>{LOOK}</style></head><body><main>",
        "<h1>Figures of l0course</h1>",
        f'<p class="note">As of {date.today()}. Records made by other code are stale: they are '
        "never drawn, and the command makes them again.</p>",
        _table("What is recorded", HEADERS.split("|"), rows),
    ]
    for figure in figures:
        parts.append(f'<h2 id="{figure.name}">{escape(figure.title)}</h2>')
        parts.append(
            f'<p class="source">{escape(figure.name)}; source: {escape(figure.source)}</p>'
        )
        details = [line for one in shown[figure.name] for line in one.details()]
        parts += details or ["<p>No preset is recorded in full.</p>"]
    return "\n".join([*parts, "</main></body></html>", ""])


@dataclass(frozen=True)
class Preset:
    """One preset of a figure, and what is recorded of it."""

    figure: Figure
    name: str
    found: list[Found]

    @classmethod
    def of(cls, figure: Figure, name: str) -> Preset:
        return cls(figure, name, [figure.look_up(cell) for cell in figure.cells(name)])

    @property
    def state(self) -> str:
        """Of all cells together: the worst, or "incomplete" if some are current."""
        states = {one.state for one in self.found}
        if len(states) == 1:
            return states.pop()
        return next(s for s in ("corrupt", "stale", "incomplete") if s in {*states, "incomplete"})

    def row(self) -> list[str]:
        """The cells of the table, as HTML."""
        valid = [one.record for one in self.found if one.record]
        days = sorted(date.fromisoformat(record["date"]) for record in valid)
        made = " to ".join(dict.fromkeys(_ago(day) for day in days[:1] + days[-1:]))
        seconds = sum(record["seconds"] for record in valid)
        return [
            f'<a href="#{self.figure.name}">{escape(self.figure.name)}</a>',
            escape(self.name),
            f"{MARKS[self.state]} {'matches the code' if self.state == 'current' else self.state}",
            records.summary(self.found).replace(" cells are recorded", ""),
            made or "–",
            _duration(seconds) if valid else "–",
            f"<code>{escape(self.figure.command(self.name))}</code>",
        ]

    def details(self) -> Iterator[str]:
        """What else there is to show: corrupt files, the picture, the comparison."""
        corrupt = [one for one in self.found if one.state == "corrupt"]
        if corrupt or self.state == "current":
            trial = ": a trial in seconds, not the result" if self.name == "smoke" else ""
            yield f"<h3>{escape(self.name)}{trial}</h3>"
        for reason in sorted({one.reason for one in corrupt}):
            names = ", ".join(one.path.name for one in corrupt if one.reason == reason)
            yield f"<p>Corrupt, {escape(reason)}: {escape(names)}.</p>"
        if self.state != "current":
            return
        results = self.figure.load(self.name)
        with drawn(self.figure, results) as picture:
            image = base64.b64encode(png(picture)).decode()
        words = escape(self.figure.description)
        yield f'<figure><img src="data:image/png;base64,{image}" alt="{words}">'
        yield f"<figcaption>{words}</figcaption></figure>"
        if self.figure.published:
            rows = [[escape(in_words(v)) for v in row] for row in compared(self.figure, results)]
            yield _table("Ours beside the published", ["what", "published", "here", "source"], rows)


def _table(caption: str, headers: list[str], rows: list[list[str]]) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in headers)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="wide"><table><caption class="note">{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def _ago(day: date) -> str:
    days = (date.today() - day).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


def _duration(seconds: float) -> str:
    """
    >>> _duration(5.21), _duration(150), _duration(9000)
    ('5.2 s', '2.5 min', '2.5 h')
    """
    for size, unit in [(3600, "h"), (60, "min")]:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
