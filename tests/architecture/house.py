"""The figures of a checkout's sources: `python tests/architecture/house.py [CHECKOUT]`.

Prints them and asserts nothing. Nothing of the checkout is imported, so that two states of the
project can be held against each other. An arrow is a module that imports another one of ours; an
empty `__init__.py` is no file.
"""

import ast
import builtins
import dataclasses
import pathlib
import statistics
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

PACKAGES: Final = ("schemas", "components", "pipeline", "serving")


@dataclasses.dataclass(frozen=True)
class House:
    """The modules of the four packages.

    Attributes:
      lines: Number of lines by dotted name of a module.
      trees: Syntax tree by dotted name.
      imports: By dotted name, the modules of ours that it imports, also inside functions.
    """

    lines: Mapping[str, int]
    trees: Mapping[str, ast.Module]
    imports: Mapping[str, frozenset[str]]

    @property
    def users(self) -> dict[str, set[str]]:
        """By dotted name, the modules that import it."""
        found: dict[str, set[str]] = {name: set() for name in self.lines}
        for user, imported in self.imports.items():
            for name in imported:
                found[name].add(user)
        return found

    @property
    def functions(self) -> list[int]:
        """Lines of every function and method, its decorators left out."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        nodes = (node for tree in self.trees.values() for node in ast.walk(tree))
        return [
            (node.end_lineno or node.lineno) - node.lineno + 1
            for node in nodes
            if isinstance(node, kinds)
        ]

    @property
    def error_classes(self) -> list[str]:
        """Names of the classes that derive from an exception, ours or Python's."""
        classes = [
            (node.name, {_last_name(base) for base in node.bases})
            for tree in self.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        ]
        known = {
            name
            for name, value in vars(builtins).items()
            if isinstance(value, type) and issubclass(value, BaseException)
        }
        size = 0
        while size != len(known):
            size = len(known)
            known |= {name for name, bases in classes if bases & known}
        return [name for name, bases in classes if bases & known]

    @property
    def private_to_one_sibling(self) -> list[str]:
        """Modules with a single user, which is in their own folder."""
        return [
            name
            for name, users in self.users.items()
            if len(users) == 1 and _folder(name) == _folder(next(iter(users)))
        ]

    @property
    def circles(self) -> list[list[str]]:
        """Groups of modules that import one another, each sorted."""
        reached = {name: self._reached_from(name) for name in self.lines}
        groups = {
            frozenset(other for other in reached[name] if name in reached[other])
            for name in self.lines
            if name in reached[name]
        }
        return sorted(sorted(group) for group in groups)

    def _reached_from(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self.imports[name])
        while waiting:
            if (module := waiting.pop()) not in found:
                found.add(module)
                waiting += self.imports[module]
        return found


def read(checkout: pathlib.Path) -> House:
    """Reads the four packages of a checkout."""
    texts = {}
    for package in PACKAGES:
        for path in sorted((checkout / package).rglob("*.py")):
            if (text := path.read_text(encoding="utf-8")).strip():
                parts = path.relative_to(checkout).with_suffix("").parts
                texts[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = text
    trees = {name: ast.parse(text) for name, text in texts.items()}
    return House(
        lines={name: len(text.splitlines()) for name, text in texts.items()},
        trees=trees,
        imports={
            name: frozenset(_imported(tree, texts.keys())) - {name} for name, tree in trees.items()
        },
    )


def _imported(tree: ast.Module, known: Collection[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module


def _last_name(base: ast.expr) -> str:
    if isinstance(base, ast.Attribute):
        return base.attr
    return base.id if isinstance(base, ast.Name) else ""


def _folder(module: str) -> str:
    return module.rpartition(".")[0]


def figures(house: House) -> dict[str, str]:
    """The figures as they are printed, by what they measure."""
    lines = sum(house.lines.values())
    arrows = sum(map(len, house.imports.values()))
    return {
        "files": str(len(house.lines)),
        "lines": str(lines),
        "lines of a module: median / p90 / max": _spread(list(house.lines.values())),
        "lines of a function: median / p90 / max": _spread(house.functions),
        "modules of at most 60 lines": str(sum(size <= 60 for size in house.lines.values())),
        "arrows": str(arrows),
        "arrows per 1,000 lines": f"{1000 * arrows / lines:.1f}",
        "error classes": str(len(house.error_classes)),
        "modules used by one sibling only": str(len(house.private_to_one_sibling)),
        "circles": str(len(house.circles)),
    }


def _spread(sizes: Sequence[int]) -> str:
    tenths = statistics.quantiles(sizes, n=10, method="inclusive")
    return f"{statistics.median(sizes):.0f} / {tenths[-1]:.0f} / {max(sizes)}"


def main(arguments: Sequence[str]) -> None:
    """Prints the figures of the checkout that the first argument names, or of this one."""
    checkout = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parents[2]
    for name, value in figures(read(checkout)).items():
        print(f"{name:42}{value}")


if __name__ == "__main__":
    main(sys.argv[1:])
