"""The course as static pages: `l0course site DIR` builds them from the committed notebooks.

Nothing is executed and nothing is fetched. The sources are staged in a temporary folder, Jupyter
Book makes pages of them, and only a whole site takes the place of an older one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

from .site_pages import first_page, lesson_page, link_pages, titles

__all__ = ["build_site"]

STYLE = Path(__file__).with_name("site.css")
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="6" fill="#0072B2"/>
<text x="16" y="23" font-size="20" text-anchor="middle" fill="#fff">ℓ0</text></svg>"""
# What a page does not use: icons that the style sheet has too, code that would run on a server, the
# index of the search outside the page of its results, and MathJax where there is no mathematics.
UNUSED = re.compile(
    r"<script[^>]*(?:fontawesome\.js|thebe)[^>]*>.*?</script>|<link[^>]*thebe[^>]*>"
    r"|<script>[^<]*thebe[^<]*</script>",
    re.S,
)
MATH = re.compile(r'<script[^>]*src="[^"]*tex-chtml\.js"></script>')
# The search shows the first 240 letters of a page: let them be text, not blanks and a hidden list.
PRINTED = re.compile(r'<div id="jb-print-docs-body".*?(?=<div id="searchbox")', re.S)
BLANK = re.compile(r"\n\s+")
ICON_NAME = re.compile(r"fa-[\w-]+")
ICON_RULE = re.compile(r'((?:,?\.fa-[\w-]+:before)+)\{content:"[^"]*"\}')
IMAGE = re.compile(r'<img ([^>]*?)src="([^"]+)"([^>]*)>')
SEARCH = re.compile(r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js"></script>')
CONFIG: dict[str, Any] = {
    "title": "l0course",
    "author": "The l0course authors",
    "copyright": "",
    "only_build_toc_files": True,
    "execute": {"execute_notebooks": "off"},
    "parse": {"myst_enable_extensions": ["colon_fence", "dollarmath"]},
    "html": {
        "use_multitoc_numbering": False,
        "extra_footer": "<p>Code: MIT. Text and figures: CC BY 4.0.</p>",
    },
    "sphinx": {
        "extra_extensions": ["sphinx-mathjax-offline"],
        "recursive_update": True,
        "config": {
            "language": "en",
            "nb_ipywidgets_js": {},  # the default fetches two scripts from elsewhere
            "myst_heading_anchors": 4,
            "html_favicon": "favicon.svg",
            "html_use_index": False,
            "html_context": {"default_mode": "auto"},
            "html_theme_options": {
                "navbar_persistent": [],  # the search field stands in the sidebar already
                "search_bar_text": "Search the course",
                "use_download_button": False,
                "use_fullscreen_button": False,
            },
        },
    },
}


def build_site(root: Path, target: Path) -> Path:
    """Build the site of the clone at `root` into the folder `target`; return its first page.

    Raises
    ------
    FileNotFoundError
        If `root` holds no README.md and no notebooks.
    ValueError
        If `target` is a folder with something else in it, which is left as it is.
    RuntimeError
        If Jupyter Book is not installed, or does not make every page without a warning.
    """
    lessons = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not lessons or not (root / "README.md").exists():
        raise FileNotFoundError(f"No lessons in {root / 'notebooks'}: run this in a clone.")
    if target.exists() and any(target.iterdir()) and not (target / "searchindex.js").exists():
        raise ValueError(f"{target} holds something that is not a site: name another folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".site-") as folder:
        stage = Path(folder, "stage")
        _stage(root, lessons, stage)
        whole = _make(stage, Path(folder, "made"))
        _finish(whole)
        if target.exists():
            os.replace(target, Path(folder, "old"))
        os.replace(whole, target)
    return target / "index.html"


def _stage(root: Path, lessons: list[Path], stage: Path) -> None:
    """Write all that Jupyter Book reads; the paths are those of the repository."""
    readme = (root / "README.md").read_text()
    reference = sorted((root / "notebooks" / "reference").glob("*.md"))
    names = [path.relative_to(root).as_posix() for path in [*lessons, *reference]]
    _write(stage / "index.md", link_pages(first_page(readme), "README.md", names))
    for path, name in zip([*lessons, *reference], names, strict=True):
        if path.suffix == ".md":
            _write(stage / name, link_pages(path.read_text(), name, names))
            continue
        page = lesson_page(nbformat.read(path, as_version=4), path.name[:2])
        for cell in page.cells:
            if cell.cell_type == "markdown":
                cell.source = link_pages(cell.source, name, names)
        _write(stage / name, nbformat.writes(page))
    for path in (root / "notebooks" / "figures").glob("*.png"):
        _thumbnail(path, stage / "notebooks" / "figures" / path.name)
    short = titles(readme)
    parts = [
        ("Lessons", [_entry(path, root, short.get(path.name[:2])) for path in lessons]),
        ("Reference", [_entry(path, root, None) for path in reference]),
    ]
    toc = {
        "format": "jb-book",
        "root": "index",
        "parts": [{"caption": name, "chapters": pages} for name, pages in parts if pages],
    }
    _write(stage / "_toc.yml", json.dumps(toc))  # JSON is YAML
    _write(stage / "_config.yml", json.dumps(CONFIG))
    _write(stage / "_static" / "course.css", STYLE.read_text())
    _write(stage / "favicon.svg", ICON)


def _entry(path: Path, root: Path, title: str | None) -> dict[str, str]:
    """A line of the table of contents; without a short title it is the page's own."""
    entry = {"file": path.relative_to(root).with_suffix("").as_posix()}
    return entry | ({"title": f"{path.name[:2]} · {title}"} if title else {})


def _thumbnail(picture: Path, target: Path) -> None:
    """The upper part of a picture, small enough for the front page."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(picture) as whole:
        height = min(whole.height, whole.width * 5 // 6)
        upper = whole.convert("RGB").crop((0, 0, whole.width, height))
    upper.thumbnail((480, 480))
    upper.quantize(32, method=Image.Quantize.MAXCOVERAGE).save(target, optimize=True)


def _make(stage: Path, made: Path) -> Path:
    """Run Jupyter Book; a warning of Sphinx is an error."""
    command = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    if command is None:
        raise RuntimeError("Jupyter Book is not installed: `make site` installs it and runs this.")
    arguments = [command, "build", str(stage), "--path-output", str(made)]
    run = subprocess.run(
        [*arguments, "-W", "--keep-going", "-q"], capture_output=True, text=True, check=False
    )
    pages = made / "_build" / "html"
    if run.returncode or not (pages / "searchindex.js").exists():
        said = [line for line in run.stderr.splitlines() if re.search("WARNING|ERROR|Error", line)]
        first = (said or run.stderr.splitlines() or ["it said nothing"])[0]
        raise RuntimeError(f"Jupyter Book made no whole site: {first.replace(str(stage), '')}")
    return pages


def _finish(site: Path) -> None:
    """Take away what no page uses, and name what a fold holds to screen readers."""
    shutil.rmtree(site / "_sources", ignore_errors=True)
    static = site / "_static"
    mathjax = static / "mathjax"
    shutil.rmtree(mathjax / "output" / "svg", ignore_errors=True)
    others = [path for path in mathjax.glob("*.js") if path.name != "tex-chtml.js"]
    templates, maps = static.glob("*.html"), static.rglob("*.map")
    for path in [*others, *templates, *maps, static / "scripts" / "fontawesome.js"]:
        path.unlink(missing_ok=True)
    icons: set[str] = set()
    for page in site.rglob("*.html"):
        text = UNUSED.sub("", page.read_text())
        if page.name != "search.html":
            text = SEARCH.sub("", text)
        if 'class="math ' not in text:
            text = MATH.sub("", text)
        before, article, after = PRINTED.sub("", text).partition("<article")
        text = BLANK.sub("\n", before) + article + after
        text = text.replace('<summary aria-label="Toggle hidden content">', "<summary>")
        page.write_text(IMAGE.sub(lambda match, page=page: _sized(match, page), text))
        icons.update(ICON_NAME.findall(text))
    theme = static / "styles" / "pydata-sphinx-theme.css"
    rules = theme.read_text()
    theme.write_text(
        ICON_RULE.sub(lambda m: m[0] if icons & {*ICON_NAME.findall(m[1])} else "", rules)
    )


def _sized(image: re.Match, page: Path) -> str:
    """An image that is loaded when it is near, with its size, so that the page does not jump.

    The caption in a wide one is too small on a telephone: there, the style sheet shows the words.
    """
    before, source, after = image.groups()
    with Image.open(page.parent / source) as picture:
        width, height = picture.size
    tag = f'<img {before}width="{width}" height="{height}" loading="lazy" src="{source}"{after}>'
    words = re.search('alt="([^"]*)"', before)
    if width <= 600 or words is None:
        return tag
    return f'{tag}<span class="words" aria-hidden="true">{words[1]}</span>'


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
