"""A program as a reader sees it: what it is for, and the lines that run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


@attrs.frozen
class Listing:
    """The first line of a program's docstring, the rest of it in one line, and the program itself."""

    title: str
    text: str
    code: str
    path: str
    module: str
    before: int
    """How many lines come before the program in its file."""

    @classmethod
    def of(cls, file: Traversable, module: str) -> Listing:
        """Read a program; `OSError` if it is not there."""
        source = file.read_text(encoding="utf-8")
        definition = ast.parse(source)
        first, *others = (ast.get_docstring(definition) or "").splitlines()
        before = definition.body[1].lineno - 1
        code = "".join(source.splitlines(keepends=True)[before:])
        return cls(first.rstrip("."), " ".join(others).strip(), code, str(file), module, before)

    def run(self) -> None:
        """Run the program, as `python` would but under its name in this package, so that tools know it."""
        source = "\n" * self.before + self.code  # so that a traceback names the line of the file
        code = compile(source, self.path, "exec", dont_inherit=True)
        exec(code, {"__name__": self.module})  # noqa: S102 - a file of this package
