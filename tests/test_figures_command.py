"""`l0course figures`: stopped at any moment and resumed, what it says, what it refuses."""

import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import psutil
import pytest
import toy_figure

from l0course.cli import main
from l0course.figures import executors, output, registry

TOY = [sys.executable, str(Path(__file__).with_name("toy_command.py")), "figures", "toy"]


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A registry of the toy figure alone, with records in a folder of its own."""
    monkeypatch.setattr(registry, "MODULES", {"toy": "toy_figure"})
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "results"))
    return toy_figure.FIGURE


@pytest.fixture
def undrawn(monkeypatch):
    """No pictures: they take most of the time."""
    monkeypatch.setattr(output, "save", lambda *arguments: [])


def figures(tmp_path, *arguments):
    return main(["figures", *arguments, "--out", str(tmp_path / "out")])


def start(tmp_path, *arguments):
    """The real command in a process of its own, which says on stderr what is recorded."""
    command = [*TOY, *arguments, "--out", str(tmp_path / "out")]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def count(tmp_path):
    return len(list((tmp_path / "results" / "toy").glob("*.json")))


def wait_for(condition, seconds=30.0):
    """Until the condition holds; the limit is only there to end a test that failed."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_stopped_twenty_times_and_resumed_it_ends_with_the_same_bytes(toy, tmp_path, monkeypatch):
    rng = random.Random(0)
    stopped, counts = 0, [0]
    for turn in range(20):
        process = start(tmp_path, "--preset", "sweep", "--resume")
        if turn % 2:  # in the midst of the cells; else anywhere, the start of Python included
            assert "of 100 cells" in process.stderr.readline()
        time.sleep(rng.uniform(0, 0.15 if turn % 2 else 0.6))
        process.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
        process.communicate()
        stopped += process.returncode != 0
        counts.append(count(tmp_path))
    assert stopped == 20 or counts[-1] == 100
    assert stopped >= 12 and counts == sorted(counts)  # nothing that was finished is lost
    assert len(set(counts)) > 5
    assert figures(tmp_path, "toy", "--preset", "sweep") == 0

    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "uninterrupted"))
    monkeypatch.setattr(toy_figure.time, "sleep", lambda seconds: None)
    assert main(["figures", "toy", "--preset", "sweep", "--out", str(tmp_path / "once")]) == 0
    files = sorted(path.name for path in (tmp_path / "once").iterdir())
    assert "toy.csv" in files and "toy.svg" in files and len(files) == 5
    for name in files:
        once, resumed = (tmp_path / folder / name for folder in ("once", "out"))
        assert once.read_bytes() == resumed.read_bytes(), name


@pytest.mark.parametrize("kind, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_says_how_to_go_on(toy, tmp_path, kind, status):
    process = start(tmp_path, "--preset", "slow")
    wait_for(lambda: count(tmp_path) >= 1)
    process.send_signal(kind)
    _, words = process.communicate()
    assert process.returncode == status
    done = count(tmp_path)
    assert f"{done} of 8 cells are recorded; `l0course figures toy --preset slow` goes on" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_command(toy, tmp_path, kind, monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    process = start(tmp_path, "--preset", "endless", "--jobs", "2")
    parent = psutil.Process(process.pid)
    wait_for(lambda: len(parent.children(recursive=True)) >= 2)
    workers = parent.children(recursive=True)
    process.send_signal(kind)
    _, words = process.communicate()
    assert process.returncode in (130, 143, -9)
    assert not psutil.wait_procs(workers, timeout=20)[1]
    assert "Traceback" not in words


def test_a_recorded_cell_is_computed_again_only_if_asked(
    toy, undrawn, tmp_path, capsys, monkeypatch
):
    computed = []
    monkeypatch.setattr(toy_figure, "FIGURE", replace(toy, compute=spied(computed)))
    assert figures(tmp_path, "toy", "--preset", "smoke", "--resume") == 0
    assert "0 of 4 cells are recorded" in capsys.readouterr().err
    assert figures(tmp_path, "toy", "--preset", "smoke") == 0 and len(computed) == 4
    assert "4 of 4 cells are recorded" in capsys.readouterr().err
    assert figures(tmp_path, "toy", "--preset", "smoke", "--fresh") == 0 and len(computed) == 8


def spied(computed):
    def compute(cell):
        computed.append(cell)
        return toy_figure.compute(cell)

    return compute


def test_our_number_stands_beside_the_published_one(toy, tmp_path, capsys):
    assert figures(tmp_path, "toy", "--preset", "smoke") == 0
    printed = capsys.readouterr().out
    assert "expected mean: published 0.5 (any textbook), here 0.5" in printed
    assert "largest mean: published not known to us (nowhere), here not in this" in printed
    lines = (tmp_path / "out" / "toy_published.csv").read_text().splitlines()
    mean = max(result["mean"] for _, result in toy.load("smoke"))
    assert lines[1] == f"expected mean,0.5,{mean},any textbook"


def test_the_preset_that_a_figure_takes_by_itself(toy):
    assert toy.default_preset == "sweep"
    assert replace(toy, presets={"smoke": [], "paper": [], "quick": []}).default_preset == "quick"
    assert replace(toy, presets={"smoke": []}).default_preset == "smoke"


def test_a_figure_that_fails_does_not_stop_the_next(toy, undrawn, tmp_path, monkeypatch, capsys):
    module = ModuleType("broken_figure")
    module.FIGURE = replace(toy, name="broken", presets={"smoke": toy.presets["faulty"]})
    monkeypatch.setitem(sys.modules, "broken_figure", module)
    monkeypatch.setitem(registry.MODULES, "broken", "broken_figure")
    assert figures(tmp_path, "broken", "toy", "broken", "--preset", "smoke") == 1
    words = capsys.readouterr().err
    assert words.count("broken smoke: 0 of 5 cells") == words.count("toy smoke: 0 of 4 cells") == 1
    assert "2 of 5 cells of broken failed, the first with Awkward: no number because" in words
    assert len(toy.load("smoke")) == 4
    assert figures(tmp_path, "all", "--preset", "slow") == 0  # of those that have it
    assert "broken" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["toi"], r"did you mean toy\?"),
        (["zzz"], "there are: toy"),
        (["toy", "--preset", "smok"], r"did you mean smoke\?"),
        (["all", "--preset", "nothing"], "no figure has a preset 'nothing'"),
        (["toy", "--jobs", "0"], "--jobs must lie between 1"),
        (["toy", "--preset", "smoke", "--device", "nonsense"], "device 'nonsense' cannot be used"),
        (["toy", "--preset", "smoke", "--dask", "tcp://127.0.0.1:1"], "no Dask scheduler answered"),
        (["toy", "--preset", "smoke", "--dask", "nonsense"], "an address as tcp://"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(toy, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.setattr(executors, "CONNECT", 0.5)
    assert figures(tmp_path, *arguments) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert re.search(words, said[-1]) and len(said) <= 2


def test_a_folder_that_cannot_be_written_is_found_before_computing(
    toy, tmp_path, capsys, monkeypatch
):
    (tmp_path / "file").write_text("in the way")
    assert main(["figures", "toy", "--preset", "smoke", "--out", str(tmp_path / "file")]) == 1
    assert re.search("cannot write to .*file .*--out", capsys.readouterr().err)
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "file" / "results"))
    assert figures(tmp_path, "toy", "--preset", "smoke") == 1
    assert "L0COURSE_RESULTS" in capsys.readouterr().err


def test_more_jobs_than_cores_are_not_started(toy, undrawn, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    assert figures(tmp_path, "toy", "--preset", "smoke", "--jobs", "100") == 0
    assert "--jobs 1 is used" in capsys.readouterr().err


def test_a_device_goes_only_where_it_can_be_used(toy, undrawn, tmp_path, capsys, monkeypatch):
    assert figures(tmp_path, "toy", "--preset", "smoke", "--device", "meta") == 0
    assert "toy runs on the CPU" in capsys.readouterr().err
    assert "device" not in toy.look_up(toy.cells("smoke")[0]).record

    able = replace(toy, compute=toy_figure.compute_on)
    assert able.takes_device and not toy.takes_device
    with pytest.raises(registry.CellError, match="meta"):  # no numbers on this device
        list(able.run("smoke", device="meta"))
    list(able.run("smoke", device="cpu:0"))
    record = able.look_up(able.cells("smoke")[0]).record
    assert record["device"] == record["result"]["device"] == "cpu:0"
    assert record["command"].endswith("--preset smoke --device cpu:0")


def test_progress_shows_only_on_a_terminal(toy, undrawn, tmp_path, capsys, monkeypatch):
    def shown(terminal):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
        figures(tmp_path, "toy", "--preset", "smoke", "--fresh")
        return "4/4" in capsys.readouterr().err

    assert not shown(terminal=True)  # L0COURSE_PROGRESS=off, see conftest.py
    monkeypatch.delenv("L0COURSE_PROGRESS")
    assert shown(terminal=True) and not shown(terminal=False)


def test_the_dashboard_tells_the_state_of_every_preset(toy, tmp_path, capsys):
    list(toy.run("smoke"))
    cells = toy.cells("sweep")
    toy.path(cells[0]).write_text("{")
    assert figures(tmp_path, "--dashboard") == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert capsys.readouterr().out.strip().endswith("index.html")
    rows = {
        tuple(re.sub("<.*?>", "", cell) for cell in re.findall("<td>(.*?)</td>", row))
        for row in re.findall("<tr>.*?</tr>", page)
    }
    of_toy = {row[1]: row[2:] for row in rows if row and row[0] == "toy"}
    assert of_toy["smoke"][0] == "● matches the code" and of_toy["smoke"][1] == "4 of 4"
    assert of_toy["smoke"][2] == "today"
    assert of_toy["smoke"][4] == "l0course figures toy --preset smoke"
    assert of_toy["sweep"][:2] == ("✕ corrupt", "0 of 100 (1 corrupt)")
    assert of_toy["slow"][0] == "– missing"
    assert "not whole JSON" in page
    assert page.count("<img") == 1 and f'alt="{toy.description}"' in page
    assert "nothing &lt;else&gt;" in page and "<else>" not in page
    assert "not known to us" in page and "prefers-color-scheme: dark" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)  # nothing is fetched
