"""A function as a reader sees it: what it is for, and the lines that run."""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent
from typing import TYPE_CHECKING, Any, cast

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen
class Listing:
    """The first line of a function's docstring, the rest of it in one line, and the function's body."""

    title: str
    text: str
    code: str

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Listing:
        """Read a function's source; `OSError` if there is none."""
        source = dedent(inspect.getsource(function))
        definition = cast("ast.FunctionDef", ast.parse(source).body[0])
        first, *others = (ast.get_docstring(definition) or "").splitlines()
        lines = source.splitlines()[definition.body[1].lineno - 1 :]
        return cls(first.rstrip("."), " ".join(others).strip(), dedent("\n".join(lines)))
