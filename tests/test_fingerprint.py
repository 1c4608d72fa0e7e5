"""A record is stale when the code that made it has changed, and only then."""

import ast
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

import l0course
from l0course.figures import fingerprint as fp

PACKAGE = Path(l0course.__file__).parent


@pytest.fixture
def edited(tmp_path):
    """A function that edits a copy of the package's source and says which figures would change."""
    original = hashes(PACKAGE)

    def edit(file: str, old: str, new: str) -> set[str]:
        copy = tmp_path / "l0course"
        shutil.copytree(PACKAGE, copy, dirs_exist_ok=True)
        text = (copy / file).read_text()
        assert old in text
        (copy / file).write_text(text.replace(old, new))
        return {name for name, value in hashes(copy).items() if value != original[name]}

    return edit


STARTS = {
    "lenet": ("l0course.figures.pmmp_lenet300", "run"),
    "recovery": ("l0course.figures.support_recovery", "column"),
    "count": ("l0course.penalties", "l0"),
}


def hashes(folder: Path) -> dict[str, str]:
    """What each start reaches, read from the sources in a folder."""

    def read(module: str) -> fp.Page:
        file = folder.joinpath(*module.split(".")[1:])
        path = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        return fp.parse(path.read_text(), module, is_package=file.is_dir())

    return {name: repr(sorted(fp.reached(start, read).items())) for name, start in STARTS.items()}


def test_words_layout_presets_and_drawing_do_not_count(edited):
    assert edited("pruning.py", '"""Set every trainable', '"""Put every trainable') == set()
    assert (
        edited("training_loop.py", "    x, y = train\n", "    # a comment\n    x, y = train\n")
        == set()
    )
    assert edited("figures/support_recovery.py", "SNR = [", "SNR = [0.5] + [") == set()
    assert edited("figures/pmmp_lenet300.py", "axis.legend()", "axis.legend(loc=2)") == set()
    assert edited("pruning.py", "class Masks", "def unused():\n    pass\n\n\nclass Masks") == set()


@pytest.mark.parametrize(
    "file, old, new, stale",
    [
        ("training_loop.py", "fused=True", "fused=False", {"lenet"}),
        ("pruning.py", "_MOST_EVALUATIONS = 30", "_MOST_EVALUATIONS = 29", {"lenet"}),
        ("regularizers.py", "self.ramp = 1.0", "self.ramp = 2.0", {"lenet"}),  # a base class
        ("penalties.py", "return theta.abs().sum()", "return theta.abs().mean()", {"lenet"}),
        ("figures/support_recovery.py", "N_VALIDATION = 200, 12, 4, 500",
         "N_VALIDATION = 200, 12, 4, 501", {"recovery"}),
        ("generated.py", "rho**2 + (1", "rho + (1", {"recovery"}),
        ("checks.py", "if not low <= value", "if low > value", {"lenet", "recovery"}),
    ],
)  # fmt: skip
def test_each_definition_on_the_way_counts(edited, file, old, new, stale):
    assert edited(file, old, new) == stale


def test_statements_that_run_on_import_count(edited):
    assert edited("models.py", "__all__ = [", "torch.manual_seed(0)\n__all__ = [") == {"lenet"}


def test_names_are_followed_through_the_root_and_through_modules():
    module = "l0course.figures.toy"
    toy = (
        "from l0course import DRR\nfrom .. import penalties as p\n"
        "def run(cell):\n    from ..codelength import mdl_alpha\n    return DRR, p.l0, mdl_alpha\n"
    )

    def read(name: str) -> fp.Page:
        return fp.parse(toy, name, is_package=False) if name == module else fp.read_page(name)

    found = {f"{m}.{n}" for m, n in fp.reached((module, "run"), read)}
    assert {"l0course.regularizers.DRR", "l0course.penalties.l0", "l0course.codelength.mdl_alpha",
            "l0course.checks.require"} <= found  # fmt: skip
    assert "l0course.penalties.l2" not in found


def test_the_hash_depends_on_the_code_alone_and_not_on_the_version_of_python():
    tree = ast.parse('def f(x):\n    """Doc."""\n    return [x, None, f"{x!r}"]').body[0]
    assert fp.text(tree) == (
        "FunctionDef(name='f' args=arguments(args=[arg(arg='x')]) "
        "body=[Return(value=List(elts=[Name(id='x') Constant() "
        "JoinedStr(values=[FormattedValue(value=Name(id='x') conversion=114)])]))])"
    )


def test_a_function_outside_the_package_counts_too(tmp_path, monkeypatch):
    values = []
    for line in ("return 1", "return 2"):
        path = tmp_path / f"toy{len(values)}.py"
        path.write_text(f"from l0course import l0\n\ndef run(cell):\n    {line}\n")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        monkeypatch.setitem(sys.modules, path.stem, importlib.util.module_from_spec(spec))
        spec.loader.exec_module(sys.modules[path.stem])
        values.append(fp.fingerprint(sys.modules[path.stem].run))
    assert values[0] != values[1]
