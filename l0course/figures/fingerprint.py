"""Which code made a number: a hash of every definition that a function reaches.

Starting from a function, names are followed from definition to definition, through this package's
modules. What the function does not reach (presets, drawing, other functions of the same module) is
not in the hash, and neither are comments, docstrings and layout. So a record becomes stale when the
code that computes it changes, and only then. Other packages count by their versions, which a record
names beside the hash.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["fingerprint"]

PACKAGE = __name__.split(".")[0]
Place = tuple[str, str]  # module, name in it; the name "*" stands for all of the module


@cache
def fingerprint(function: Callable) -> str:
    """Hash of the function and of all that it reaches by name in its package: 16 hex digits.

    Objects are followed through the names of their classes. A definition that is reached only by
    a computed name (`getattr(module, text)`) is missed: name it in the function.

    >>> from l0course import l1, l2
    >>> len(fingerprint(l1)), fingerprint(l1) == fingerprint(l2)
    (16, False)
    """
    start = (function.__module__, function.__qualname__.split(".")[0])
    found = sorted(f"{module}.{name}: {text}" for (module, name), text in reached(start).items())
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]


def reached(start: Place, read: Callable[[str], Page] | None = None) -> dict[Place, str]:
    """Each definition on a path of names from `start`, as text; `read` gives a module's page."""
    read = read or read_page
    found: dict[Place, str] = {}
    todo, seen = [start], set()
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        module, name = place
        page = read(module)
        if name == "*":
            todo += [(module, other) for other in page.definitions]
        elif name in page.definitions:
            nodes = page.definitions[name]
            found[place] = " ".join(text(node) for node in nodes)
            todo += [(module, ""), *(p for node in nodes for p in _uses(node, module, page))]
        elif name in page.names:  # handed on from another module
            todo.append(page.names[name])
    return found


@dataclass(frozen=True)
class Page:
    """A module's source: its definitions by name, and where its imported names come from.

    The statements that define nothing run on import, so they belong to all that the module does:
    they stand under the name "".
    """

    package: str
    definitions: dict[str, list[ast.stmt]]
    names: dict[str, Place]


@cache
def read_page(module: str) -> Page:
    """The page of a module, which need not be imported."""
    if getattr(sys.modules.get(module), "__file__", None):
        file = sys.modules[module].__file__
    else:
        file = importlib.util.find_spec(module).origin
    is_package = Path(file).name == "__init__.py"
    return parse(Path(file).read_text(encoding="utf-8"), module, is_package)


def parse(source: str, module: str, is_package: bool) -> Page:
    """A module's source as a page."""
    page = Page(module if is_package else module.rpartition(".")[0], {}, {})
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            page.names.update(_imported(node, page.package))
        elif not _is_docstring(node):
            for name in _defined(node) or [""]:
                page.definitions.setdefault(name, []).append(node)
    return page


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return []


def _imported(node: ast.stmt, package: str) -> dict[str, Place]:
    """The names that an import statement binds, if they come from this package."""
    if isinstance(node, ast.Import):
        found = {a.asname or a.name.split(".")[0]: (a.name, "*") for a in node.names}
    else:
        source = node.module or ""
        if node.level:  # relative: one dot is the package itself
            above = package.split(".")[: package.count(".") + 2 - node.level]
            source = ".".join([*above, *([source] if source else [])])
        found = {a.asname or a.name: _home(source, a.name) for a in node.names}
    return {name: at for name, at in found.items() if at[0].split(".")[0] == PACKAGE}


def _home(source: str, name: str) -> Place:
    """Where `from source import name` finds it: in a module, or it is a module of a package."""
    # The root loads names on first use. Its list is looked up here, so that no hash depends on it.
    modules = sys.modules[PACKAGE]._MODULE_OF
    if source == PACKAGE and name in modules:
        return (f"{PACKAGE}.{modules[name]}", name)
    if source.split(".")[0] == PACKAGE and _is_package(source):
        if importlib.util.find_spec(f"{source}.{name}"):
            return (f"{source}.{name}", "*")
    return (source, name)


def _is_package(module: str) -> bool:
    return importlib.util.find_spec(module).submodule_search_locations is not None


def _uses(node: ast.stmt, module: str, page: Page) -> Iterator[Place]:
    """The places that a definition names. `module.name` is that name, not all of the module."""
    names = dict(page.names)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            names.update(_imported(inner, page.package))
    whole = {name: at[0] for name, at in names.items() if at[1] == "*"}
    through = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            if inner.value.id in whole:
                through.add(inner.value)
                yield (whole[inner.value.id], inner.attr)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner not in through:
            yield names.get(inner.id, (module, inner.id))


def text(node: ast.AST | list | object) -> str:
    """A syntax tree as text, without docstrings; the same in each version of Python."""
    if isinstance(node, list):
        return "[" + " ".join(text(item) for item in node if not _is_docstring(item)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if name != "ctx")
    inside = " ".join(f"{n}={text(v)}" for n, v in fields if v is not None and v != [])
    return f"{type(node).__name__}({inside})"


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
