"""How a certificate looks: as text, in a notebook, and as a page that prints on one sheet.

The page brings its own style and takes the colours of what is around it, so it reads in light and
dark. It uses no script, no picture and no other file.
"""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .certificates import Certificate

__all__ = ["as_document", "as_html", "as_text"]

Rows = list[tuple[str, str]]

STYLE = """
.l0c { max-width: 46em; font: 14px/1.4 system-ui, sans-serif; border: 2px solid currentColor;
  padding: 0.7em 1.2em; box-sizing: border-box; }
.l0c p { margin: 0.3em 0; }
.l0c .title { font-size: 1.35em; font-weight: 700; margin: 0.2em 0; }
.l0c .part { font-size: 1em; font-weight: 700; margin: 0.9em 0 0.2em;
  border-bottom: 1px solid currentColor; }
.l0c table { border-collapse: collapse; width: 100%; font-size: 1em; margin: 0; }
.l0c th, .l0c td { padding: 0.12em 0.7em 0.12em 0; text-align: left; vertical-align: top;
  font-weight: normal; background: none; border: 0; white-space: normal; }
.l0c th { width: 38%; }
.l0c .peers th { width: auto; }
.l0c .peers th[scope=col] { font-weight: 600; }
.l0c .peers th:first-child { width: 50%; }
.l0c td { overflow-wrap: break-word; }
.l0c code { overflow-wrap: anywhere; background: none; font-size: 0.9em; }
.l0c .verdict { font-weight: 700; font-size: 1.1em; }
.l0c .bar { display: flex; height: 1em; margin: 0.1em 0 0.4em; }
.l0c .file { background: #0072B2; }
.l0c .labels { background: #E69F00; }
.l0c .plain { border: 1.5px solid currentColor; box-sizing: border-box; }
.l0c small { font-size: 0.86em; }
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{ color-scheme: light dark; }} body {{ margin: 1.5em; }}
@page {{ size: A4; margin: 12mm; }}
@media print {{ :root {{ color-scheme: light; }} body {{ margin: 0; }}
  .l0c {{ print-color-adjust: exact; break-inside: avoid; font-size: 12px; }} }}</style></head>
<body>{body}</body></html>
"""
NOT_COUNTED = (
    "Not counted: the program that reads the file, the shapes of the network, and the pictures, "
    "which both sides have. The choice on validation data makes the validation error a little "
    "flattering. The interval of the test error holds for all looks at once (Clopper-Pearson, "
    "Bonferroni), not for a model that learnt from earlier looks."
)


def sections(page: Certificate) -> dict[str, Rows]:
    """All numbers, in words, by heading."""
    looks = "one look" if page.test.looks == 1 else f"{page.test.looks} looks"
    return {
        "Bits of the model": [
            ("file", f"{page.file_bytes:,} bytes = {8 * page.file_bytes:,} bits"),
            ("weights that are not zero", f"{page.nonzero:,} of {page.parameters:,}"),
            (
                "compression rate",
                f"{page.parameters / max(page.nonzero, 1):,.1f} in weights, "
                f"{4 * page.parameters / page.file_bytes:,.1f} in bytes (dense: 4 a weight)",
            ),
        ],
        "Bits of the data, given the model": [
            ("labels of the training rows", f"{page.label_bits:,.0f} bits for {page.rows:,}"),
            ("file and labels", f"{page.total_bits:,.0f} bits"),
            ("the same labels, no model", f"{page.plain_bits:,.0f} bits"),
        ],
        "Errors": [
            ("validation (used for choices)", repr(page.validation)),
            (f"test ({looks})", repr(page.test)),
        ],
        "How it was made": [
            (name, value)
            for name, value in (
                ("data", page.task),
                ("method", page.method),
                ("seed", "" if page.seed is None else str(page.seed)),
                ("date", page.date or ""),
                ("versions", ", ".join(f"{k} {v}" for k, v in page.versions.items())),
                ("SHA-256 of the file", page.sha256),
            )
            if value
        ],
    }


def peer_rows(page: Certificate) -> list[tuple[str, ...]]:
    """The course's own files: what, bytes, nonzeros, test error, where the record lies."""
    return [
        (
            peer.what if peer.task == page.task else f"another task, {peer.task}: {peer.what}",
            f"{peer.bytes:,.0f}",
            f"{peer.nonzero:,.0f}",
            f"{100 * peer.test_error:.1f} %",
            peer.source,
        )
        for peer in page.peers
    ]


def as_text(page: Certificate) -> str:
    """The page for a terminal, at most 100 characters wide."""
    lines = [f"CERTIFICATE  {page.title}", page.verdict]
    for heading, rows in sections(page).items():
        lines += ["", heading, *(f"  {name:30} {value}" for name, value in rows)]
    if page.peers:
        lines += ["", "Beside it: the course's own files, medians over seeds"]
        lines += [
            f"  {what}\n      {size} bytes, {nonzero} weights, test error {error} ({source})"
            for what, size, nonzero, error, source in peer_rows(page)
        ]
    return "\n".join([*lines, "", *textwrap.wrap(NOT_COUNTED, 96)])


def as_html(page: Certificate, title: str = "p", part: str = "p") -> str:
    """The page as one element with its style; a lesson has headings of its own, a file has not."""
    parts = [
        f'<{title} class="title">{escape(page.title)}</{title}>',
        f'<p class="verdict">{escape(page.verdict)}</p>',
    ]
    for heading, rows in sections(page).items():
        parts += [f'<{part} class="part">{heading}</{part}>', _table(rows)]
        if heading.startswith("Bits of the data"):
            parts.append(_bars(page))
    if page.peers:
        names = ("file", "bytes", "weights", "test error")
        records = ", ".join(dict.fromkeys(peer.source for peer in page.peers))
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        rows = "".join(
            f'<tr><th scope="row">{_escaped(row[0])}</th>'
            + "".join(f"<td>{_escaped(cell)}</td>" for cell in row[1:4])
            + "</tr>"
            for row in peer_rows(page)
        )
        parts += [
            f'<{part} class="part">Beside it: the course\'s own files, medians over seeds</{part}>',
            f'<table class="peers"><tr>{head}</tr>{rows}</table>',
            f"<p><small>Their records: {escape(records)}.</small></p>",
        ]
    body = "".join([*parts, f"<p><small>{NOT_COUNTED}</small></p>"])
    return f'<div class="l0c"><style>{STYLE}</style>{body}</div>'


def as_document(page: Certificate) -> str:
    """The page as a whole HTML file."""
    return PAGE.format(title=escape(page.title), body=as_html(page, "h1", "h2"))


def _escaped(text: str) -> str:
    """For HTML; a number stays with its per cent sign."""
    return escape(text).replace(" %", "&nbsp;%")


def _table(rows: Rows) -> str:
    cells = []
    for name, value in rows:
        text = _escaped(value)
        text = f"<code>{text}</code>" if name.startswith("SHA") else text
        cells.append(f'<tr><th scope="row">{escape(name)}</th><td>{text}</td></tr>')
    return f"<table>{''.join(cells)}</table>"


def _bars(page: Certificate) -> str:
    """Bits with and without the model, as two bars of one scale; the words say the same."""
    longest = max(page.total_bits, page.plain_bits)

    def piece(kind: str, bits: float) -> str:
        return f'<i class="{kind}" style="width: {100 * bits / longest:.1f}%"></i>'

    return (
        f"<p>With the model: file (dark), then labels (light), {page.total_bits:,.0f} bits.</p>"
        f'<div class="bar">{piece("file", 8 * page.file_bytes)}'
        f"{piece('labels', page.label_bits)}</div>"
        f"<p>Without: labels, {page.plain_bits:,.0f} bits.</p>"
        f'<div class="bar">{piece("plain", page.plain_bits)}</div>'
    )
