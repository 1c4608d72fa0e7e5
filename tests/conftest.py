"""No test touches the learner's own progress file, and figures are drawn without a screen.

Hypothesis draws the same cases in every run.
"""

import os

import hypothesis
import matplotlib
import pytest

collect_ignore = ["conftest.py"]  # nothing in it is a test, and tests/browser has another one
os.environ["L0COURSE_PROGRESS"] = "off"
matplotlib.use("Agg")
hypothesis.settings.register_profile("same every time", derandomize=True, deadline=None)
hypothesis.settings.load_profile("same every time")


@pytest.fixture
def progress_folder(tmp_path, monkeypatch):
    """A fresh, writable progress record."""
    monkeypatch.setenv("L0COURSE_HOME", str(tmp_path))
    monkeypatch.delenv("L0COURSE_PROGRESS")
    return tmp_path
