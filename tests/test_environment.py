"""One environment, written three ways: pyproject (ranges), the lock and environment.yml (pins)."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from l0course.cli import main

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(lines):
    found = re.findall(r"^[ -]*([A-Za-z0-9_.-]+)==([^\s;#]+)", "\n".join(lines), flags=re.M)
    return {canonicalize_name(name): version for name, version in found}


LOCK = pins((ROOT / "requirements.lock").read_text().splitlines())
CONDA = (ROOT / "environment.yml").read_text()
WANTED = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
]


@pytest.mark.parametrize("requirement", WANTED, ids=lambda r: r.name)
def test_every_range_admits_its_pin_and_conda_has_the_same(requirement):
    name = canonicalize_name(requirement.name)
    assert requirement.specifier.contains(LOCK[name])
    assert pins(CONDA.splitlines())[name] == LOCK[name]
    assert not any(s.operator == "==" for s in requirement.specifier), "pins belong in the lock"


def test_conda_pins_nothing_that_the_project_does_not_ask_for():
    assert set(pins(CONDA.splitlines())) == {canonicalize_name(r.name) for r in WANTED}
    assert "python=3.11" in CONDA and PROJECT["requires-python"] == ">=3.11"


def test_torch_is_the_pin_that_has_a_cpu_build():
    assert LOCK["torch"] == "2.13.0"
    assert not [name for name in LOCK if "nvidia" in name or "triton" in name]


def test_what_is_installed_is_what_the_lock_says():
    """Holds in the environment that `make` builds; another one only has to fit the ranges."""
    wrong = {
        name: metadata.version(name)
        for name, version in LOCK.items()
        if _installed(name) and Version(metadata.version(name)).public != version
    }
    assert not wrong or not (ROOT / ".venv" / ".test").exists(), wrong


def _installed(name):
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def test_importing_the_course_does_not_load_torch():
    import subprocess
    import sys

    code = "import sys, l0course, l0course.learn; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_public_names_can_be_loaded():
    import l0course

    for name in l0course.__all__:
        assert getattr(l0course, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        l0course.nothing  # noqa: B018


def test_doctor_reports_and_names_the_command_for_what_is_missing(capsys, monkeypatch):
    assert main(["doctor"]) == 0
    report = capsys.readouterr().out
    for word in ("python", "torch", "threads", "memory", "cores", "minutes"):
        assert word in report
    from l0course import doctor

    monkeypatch.setattr(doctor, "_version", lambda name: None)
    assert main(["doctor"]) == 1
    assert "MISSING: run `make lab`" in capsys.readouterr().out
