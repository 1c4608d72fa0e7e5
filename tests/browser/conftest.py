"""One JupyterLab and one Chromium for each worker; skipped with a word where Chromium is not."""

import os

import lab as lab_module
import pytest

SAY = "Chromium is not installed: apt-get install chromium, or name it in CHROMIUM=..."


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium. L0COURSE_BROWSER=required makes its absence a failure."""
    path = lab_module.chromium()
    if path is None:
        (pytest.fail if os.environ.get("L0COURSE_BROWSER") == "required" else pytest.skip)(SAY)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=lab_module.CHROMIUM_OPTIONS
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """A JupyterLab server of our own. (It asks for the browser first: no browser, no server.)"""
    server = lab_module.Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture
def open_lesson(lab, browser):
    """Open a lesson, by its file; what is open is closed at the end of the test."""
    opened = []

    def open_it(path):
        opened.append(lab.open(browser, path))
        return opened[-1]

    yield open_it
    for notebook in opened:
        notebook.close()


def pytest_terminal_summary(terminalreporter):
    """`make browser` prints how long each Run All took, and which widgets answered."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
