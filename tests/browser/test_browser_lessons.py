"""Every lesson in a real browser: Run All, every Explore from the keyboard, both themes."""

import ast
import os
import time
from pathlib import Path

import lab as jupyter
import pytest

LOOKS = (Path(__file__).parent / "looks.js").read_text()
SHOTS = os.environ.get("L0COURSE_SCREENSHOTS")  # a folder, if somebody wants to look
# The colours of code are JupyterLab's own, and ours to choose no more than its menus are.
OURS = [".jp-Notebook .jp-OutputArea-output, .jp-Notebook .jp-RenderedMarkdown", "pre code"]
LESSONS = sorted(jupyter.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_answers_and_is_legible(lesson, open_lesson, record_property):
    notebook = open_lesson(lesson)
    start = time.perf_counter()
    assert notebook.command("notebook:run-all-cells")
    seconds = time.perf_counter() - start
    assert notebook.problems() == []
    record_property(f"{lesson.stem}, Run All", f"{seconds:.0f} s")

    explores = notebook.explores()
    assert explores
    for number, source in explores:
        for words in drive(notebook, number, source):
            record_property(f"{lesson.stem}, Explore", words)

    for size in (jupyter.DESKTOP, jupyter.PHONE):
        notebook.resize(size)
        for theme in jupyter.THEMES:
            notebook.theme(theme)
            looks = notebook.page.evaluate(LOOKS, OURS)
            where = f"{theme}, {size['width']} pixels"
            assert looks["seen"] > 100  # pieces of text: nothing is legible where nothing is
            pale = [text for text in looks["texts"] if text["ratio"] < text["needed"]]
            assert not pale, f"{where}: {pale}"
            assert not looks["cutOff"], f"{where}: {looks['cutOff']}"
            assert not looks["unnamed"], f"{where}: {looks['unnamed']}"
            if SHOTS:
                screenshots(notebook, Path(SHOTS), f"{lesson.stem}-{theme[11:]}-{size['width']}")
    assert notebook.errors == []


FLAWS = """<div class="jp-Notebook"><div class="jp-OutputArea-output" style="background: #fff">
<p style="color: #767676">dark enough: 4.54</p> <p style="color: #777777">pale: 4.48</p>
<p style="color: #777777; font-size: 24px">pale, but large: 3 is enough</p>
<p style="color: #000; opacity: 0.5">half gone: 3.98</p>
<div style="background: rgba(0, 0, 0, 0.5)"><p style="color: #000">on grey: 5.28</p></div>
<label>named <input type="radio"></label> <input type="radio"> <select><option>a</option></select>
<button style="position: absolute; left: 2000px">far away</button>
</div></div>"""


def test_what_is_wrong_on_a_page_is_seen(browser):
    """The ratios are those of WCAG's own formula, worked out by hand."""
    page = browser.new_page()
    page.set_content(FLAWS)
    looks = page.evaluate(LOOKS, OURS)
    page.close()
    pale = {t["words"] for t in looks["texts"] if t["ratio"] < t["needed"]}
    assert pale == {"pale: 4.48", "half gone: 3.98"}
    for text in looks["texts"]:
        words, _, ratio = text["words"].partition(": ")
        if words in ("dark enough", "pale", "half gone", "on grey"):
            assert abs(text["ratio"] - float(ratio)) < 0.01
    assert [e[:7] for e in looks["unnamed"]] == ["<input ", "<select"]
    assert [e[:7] for e in looks["cutOff"]] == ["<button"]


def drive(notebook, number, source):
    """Move every slider and dropdown of an Explore by keys; yield what each did, in words.

    The picture must change at each, and its alternative text too where it is a function of them.
    """
    output = notebook.output(number)
    controls = output.locator(".widget-slider, .widget-dropdown")
    assert controls.count() > 0
    for k in range(controls.count()):
        control = controls.nth(k)
        name = control.locator(".widget-label").text_content()
        assert name.strip()
        handle = control.locator("[role=slider], select")
        handle.scroll_into_view_if_needed()
        handle.focus()
        old, picture = shown(control), notebook.picture(number)
        for key in keys_to_move(handle):
            notebook.page.keyboard.press(key)
        new = notebook.next_picture(number, picture)
        words = f"{name}: {old} -> {shown(control)}, picture changed"
        if follows(source):
            assert new[1] != picture[1], f"{words}, but its description did not"
            words += ", description too"
        yield words


def shown(control):
    """The value that a person reads: beside a slider, or in a closed dropdown."""
    return control.evaluate(
        "e => (e.querySelector('.widget-readout') ?? e.querySelector('select').selectedOptions[0])"
        ".textContent"
    )


def keys_to_move(handle):
    """The keys that move it by one: forwards, or backwards where it stands at its end.

    A dropdown is opened first (Space), and closed (Enter): JupyterLab takes the arrows of a closed
    one for its own and moves to the next cell.
    """
    if handle.evaluate("e => e.tagName === 'SELECT'"):
        last = handle.evaluate("e => e.selectedIndex === e.length - 1")
        return ["Space", "ArrowUp" if last else "ArrowDown", "Enter"]
    end = handle.evaluate("e => Number(e.ariaValueNow) >= Number(e.ariaValueMax)")
    return ["ArrowLeft" if end else "ArrowRight"]


def follows(source):
    """Is the description of the Explore in this cell a function of the sliders?"""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Explore":
            (words,) = (k.value for k in node.keywords if k.arg == "description")
            return not isinstance(words, ast.Constant | ast.JoinedStr)
    raise AssertionError("no Explore in this cell")


def screenshots(notebook, folder, name):
    """The page at its top, at each Explore, and at the quiz."""
    folder.mkdir(parents=True, exist_ok=True)
    places = {"top": 0, "guess": notebook.find("predict("), "check": notebook.find(".attempt(")}
    places |= {"explore": notebook.explores()[0][0], "quiz": notebook.find("quiz(")}
    for place, number in places.items():
        target = notebook.cells.nth(number)
        (notebook.output(number).last if place != "top" else target).scroll_into_view_if_needed()
        notebook.page.wait_for_timeout(300)
        notebook.page.screenshot(path=folder / f"{name}-{place}.png")
