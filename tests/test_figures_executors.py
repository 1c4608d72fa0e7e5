"""A sweep gives the same numbers in this process, in joblib's processes and on a Dask cluster."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import toy_figure

from l0course.cli import main
from l0course.figures import executors, registry

FIGURE = toy_figure.FIGURE


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.MODULES, "toy", "toy_figure")
    monkeypatch.setenv("L0COURSE_RESULTS", str(tmp_path / "results"))
    return toy_figure.FIGURE


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers of one thread each, and the address of their scheduler."""
    distributed = pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    import dask

    with dask.config.set({"temporary-directory": str(folder)}):
        local = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        )
        with local:
            yield local


def truth(preset):
    return [(cell, toy_figure.compute({**cell, "pause": 0})) for cell in FIGURE.cells(preset)]


def test_processes_give_the_same_numbers(toy):
    with executors.open_executor(2) as executor:
        assert len(list(toy.run("smoke", executor))) == 4
        threads = executor.submit(os.getenv, "OMP_NUM_THREADS").result()
    assert toy.load("smoke") == truth("smoke") and threads == "1"


def test_a_cluster_gives_the_same_numbers_through_the_command(toy, cluster, tmp_path):
    address = cluster.scheduler_address
    command = ["figures", "toy", "--preset", "sweep", "--dask", address, "--out", str(tmp_path)]
    assert main(command) == 0
    assert toy.load("sweep") == truth("sweep")
    assert (tmp_path / "toy.csv").exists()


def test_a_killed_worker_loses_nothing(toy, cluster):
    with executors.open_executor(dask=cluster.scheduler_address) as executor:
        run = toy.run("slow", executor)
        next(run)
        os.kill(executor.submit(os.getpid).result(), signal.SIGKILL)
        assert sum(toy.recorded(cell) is None for cell in toy.cells("slow")) == 7
        assert len(list(run)) == 7
    assert toy.load("slow") == truth("slow")


@pytest.mark.parametrize("where", ["here", "processes", "cluster"])
def test_a_cell_that_fails_does_not_lose_the_others(toy, where, request):
    place = {"jobs": 2 if where == "processes" else 1}
    if where == "cluster":
        place["dask"] = request.getfixturevalue("cluster").scheduler_address
    with executors.open_executor(**place) as executor:
        with pytest.raises(registry.CellError, match="2 of 5 .* because this cell fails") as info:
            list(toy.run("faulty", executor))
    assert "toy_figure.py" in info.value.__notes__[0]  # the traceback came along
    states = [toy.look_up(cell).state for cell in toy.cells("faulty")]
    assert states == ["missing"] * 2 + ["current"] * 3


def test_a_pool_of_threads_computes_one_cell_at_a_time():
    """They share PyTorch's random state."""
    with ThreadPoolExecutor(4) as executor:
        outcomes = [
            o for _, o in executors.sweep(company, [{"seed": s} for s in range(8)], executor)
        ]
    assert [outcome["result"]["at work"] for outcome in outcomes] == [1] * 8


AT_WORK = []


def company(cell):
    AT_WORK.append(cell)
    time.sleep(0.01)
    count = len(AT_WORK)
    AT_WORK.remove(cell)
    return {"at work": count}


def test_a_killed_process_is_reported_and_its_cells_are_computed_next_time(toy):
    with executors.open_executor(2) as executor:
        run = toy.run("slow", executor)
        first = next(run)
        os.kill(next(iter(executor._processes)), signal.SIGKILL)
        with pytest.raises(registry.CellError, match="TerminatedWorkerError"):
            list(run)
    assert toy.recorded(first) is not None
    list(toy.run("slow"))
    assert toy.load("slow") == truth("slow")


def test_a_worker_with_other_code_computes_nothing():
    outcome = executors.attempt(toy_figure.compute, FIGURE.cells("smoke")[0], "0" * 16, {})
    assert "another version of the code" in outcome["error"]


def test_a_result_that_is_no_json_is_an_error_of_its_cell():
    _, outcome = next(executors.sweep(no_json, [{"seed": 0}]))
    assert "TypeError" in outcome["error"]


def no_json(cell):
    return {"values": {1, 2}}


def test_without_distributed_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RuntimeError, match="run `pip install distributed`"):
        with executors.open_executor(dask="tcp://127.0.0.1:8786"):
            pass


def test_a_scheduler_that_dies_is_an_error_and_not_a_wait(toy, monkeypatch, caplog):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "CONNECT", 0.5)
    local = distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0")
    with executors.open_executor(dask=local.scheduler_address) as executor:
        threading.Timer(0.2, local.close).start()
        with pytest.raises(registry.CellError, match="4 of 4 .* is its scheduler gone"):
            list(toy.run("smoke", executor))
    assert "no worker yet" in caplog.text
