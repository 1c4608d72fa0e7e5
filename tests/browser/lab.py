"""JupyterLab in headless Chromium, for tests: a server, a lesson open in it, its cells and widgets.

Everything is written into a temporary folder: the copy of the lesson, the learner's progress, and
the settings of JupyterLab and IPython. Nothing of this machine's own is read or changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHROMIUM_OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE = 120  # seconds until a test gives up waiting; a busy machine is no failure
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 420, "height": 900}
THEMES = ("JupyterLab Light", "JupyterLab Dark")

QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
NOT_OURS = ("@jupyter/nbgrader", "jupyterlab-jupytext", "@jupyter-notebook/lab-extension")
NOTEBOOK = "window.jupyterapp.shell.currentWidget"


def chromium() -> str | None:
    """Path of the Chromium named in CHROMIUM, else of the one on the path, else None."""
    return shutil.which(os.environ.get("CHROMIUM", "chromium"))


class Lab:
    """A JupyterLab server on a free port of this machine, with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.work, self.home = folder / "work", folder / "home"
        self.work.mkdir()
        settings = folder / "settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
        page_config = folder / "config/labconfig/page_config.json"
        page_config.parent.mkdir(parents=True)
        page_config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(NOT_OURS, True)}))
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "L0COURSE_HOME": "home",
        }
        env = os.environ | {name: str(folder / place) for name, place in own.items()}
        env.pop("L0COURSE_PROGRESS", None)  # these tests look at the learner's record
        self._token = secrets.token_hex(16)
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": 0,
            "ServerApp.root_dir": self.work,
            "ServerApp.jpserver_extensions": {"jupyterlab": True, "nbgrader": False},
            "IdentityProvider.token": self._token,
            "LabApp.expose_app_in_browser": True,  # window.jupyterapp
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        self._log = folder / "server.log"
        with self._log.open("w") as log:
            self._server = subprocess.Popen(
                command + [f"--{name}={value}" for name, value in options.items()],
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._address = self._wait_for_address(folder / "runtime")
        self._page: Page | None = None
        self._errors: list[str] = []

    def _wait_for_address(self, runtime: Path) -> str:
        """The server's address, from the file that it writes when it listens."""
        for _ in range(10 * PATIENCE):
            for file in runtime.glob("jpserver-*.json"):
                with contextlib.suppress(ValueError):  # half written
                    return json.loads(file.read_text())["url"]
            if self._server.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the server and with it all its kernels."""
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()

    def open(self, browser: Browser, lesson: Path) -> Notebook:
        """A fresh copy of a lesson, opened as from the file list; nothing recorded before.

        JupyterLab itself is loaded once for all lessons: that costs as much as a short lesson.
        """
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copy(lesson, self.work)
        if self._page is None:
            self._page = browser.new_page(viewport=DESKTOP)
            self._page.set_default_timeout(1000 * PATIENCE)
            self._page.on("pageerror", lambda error: self._errors.append(str(error)))
            self._page.goto(f"{self._address}lab?token={self._token}&reset")
        self._errors.clear()
        return Notebook(self._page, lesson.name, self._errors, self.home / "progress.json")


class Notebook:
    """A lesson that is open in JupyterLab."""

    def __init__(self, page: Page, name: str, errors: list[str], progress: Path) -> None:
        self.page, self.errors, self._progress = page, errors, progress
        self.wait("window.jupyterapp?.commands.hasCommand('docmanager:open')")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        self.command("docmanager:open", path=name)
        self.wait(f"{NOTEBOOK}?.sessionContext?.session?.kernel?.status === 'idle'")
        self.cells = page.locator(".jp-Notebook .jp-Cell")

    def wait(self, condition: str, argument: object = None) -> None:
        """Wait until a JavaScript expression of `x`, the argument, is true."""
        self.page.wait_for_function(
            f"x => ({condition})", arg=argument, polling=100, timeout=1000 * PATIENCE
        )

    def command(self, name: str, **arguments: object) -> object:
        """Run a command of JupyterLab, as its menus do, and return when it has finished."""
        return self.page.evaluate(
            """async ([name, args]) => {
                const result = await window.jupyterapp.commands.execute(name, args);
                return typeof result === 'object' ? null : result;  // a widget cannot be sent
            }""",
            [name, arguments],
        )

    def run(self, *numbers: int) -> None:
        """Run these cells, one after the other, each to its end."""
        for number in numbers:
            self.select(number)
            self.command("notebook:run-cell")

    def select(self, number: int) -> None:
        """Make a cell the active one, with the focus on it, as a click beside its text does."""
        self.page.evaluate(f"i => {{ {NOTEBOOK}.content.activeCellIndex = i }}", number)
        self.cells.nth(number).focus()

    def find(self, text: str) -> int:
        """The position of the first code cell with this text in its source."""
        return next(i for i, source in enumerate(self._sources()) if text in source)

    def explores(self) -> list[tuple[int, str]]:
        """Position and source of each cell that shows an Explore."""
        return [(i, s) for i, s in enumerate(self._sources()) if "Explore(" in s]

    def _sources(self) -> list[str]:
        """The sources of the cells; empty where a cell is not code."""
        return self.page.evaluate(
            f"() => [...{NOTEBOOK}.content.model.cells].map("
            "cell => cell.type === 'code' ? cell.sharedModel.source : '')"
        )

    def outputs(self, number: int) -> list[dict]:
        """The outputs of a cell as the notebook file would hold them."""
        cell = f"{NOTEBOOK}.content.model.cells.get(i)"
        return self.page.evaluate(f"i => {cell}.outputs?.toJSON() ?? []", number)

    def problems(self) -> list[str]:
        """Errors, and words on stderr, in the outputs of all cells."""
        return [
            f"cell {number}: {output.get('evalue') or output.get('text')}"
            for number in range(len(self._sources()))
            for output in self.outputs(number)
            if output["output_type"] == "error" or output.get("name") == "stderr"
        ]

    def output(self, number: int) -> Locator:
        """What a cell shows below it."""
        return self.cells.nth(number).locator(".jp-OutputArea-output")

    def picture(self, number: int) -> tuple[str, str]:
        """Source (the bytes, as text) and alternative text of the picture in an Explore."""
        image = self.output(number).locator(".widget-html img")
        return image.get_attribute("src"), image.get_attribute("alt")

    def next_picture(self, number: int, old: tuple[str, str]) -> tuple[str, str]:
        """Wait until an Explore shows another picture than `old`; return it."""
        cell = f"{NOTEBOOK}.content.widgets[x[0]].node.querySelector('.widget-html img')?.src"
        self.wait(f"({cell} ?? x[1]) !== x[1]", [number, old[0]])
        return self.picture(number)

    def progress(self) -> dict:
        """The learner's record."""
        return json.loads(self._progress.read_text())

    def theme(self, name: str) -> None:
        """Switch the theme, and wait until the page wears it."""
        self.command("apputils:change-theme", theme=name)
        self.wait("document.body.dataset.jpThemeName === x", name)

    def resize(self, size: dict[str, int]) -> None:
        """Change the size of the page; on a narrow one the file list is folded away."""
        self.page.set_viewport_size(size)
        if size == PHONE:
            self.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        self.page.wait_for_timeout(200)  # one layout

    def close(self) -> None:
        """End the kernel and close the lesson, unsaved; the next finds the page as this one did."""
        self.page.evaluate(
            f"""async () => {{
                const panel = {NOTEBOOK};
                await panel.sessionContext.shutdown();
                panel.dispose();
            }}"""
        )
        self.theme(THEMES[0])
        self.resize(DESKTOP)
