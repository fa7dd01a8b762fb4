"""The API reference has every public name, and a sentence for every field of a hit and every attribute of an error."""

from __future__ import annotations

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

import scenario_async
from scenario_async import APIStatusError, errors, events, models, pages
from scenario_async._downloads import download
from scenario_async._http import reply
from scenario_async._paging import fan_out
from scenario_async.emulator import arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

REFERENCE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"^\.\. (?:auto(?:class|exception|function|data)|py:data):: ([\w.]+)(.*(?:\n   .*)*)", re.MULTILINE
)
ENTRIES = {name.rpartition(".")[2]: options for name, options in ENTRY.findall(REFERENCE)}
MODULES = (models, pages, events, errors, reply, fan_out, download, arrivals)
WITH_FIELDS = [
    cls
    for module in MODULES
    for name, cls in vars(module).items()
    if name in ENTRIES and isinstance(cls, type) and attrs.has(cls) and cls.__module__ == module.__name__
]
ERRORS = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.ScenarioError)
]


def explained(cls: type) -> set[str]:
    """Give the attributes of a class that a sentence stands under, or that are properties with one."""
    tree = ast.parse(inspect.getsource(cast("ModuleType", inspect.getmodule(cls))))
    [found] = [
        node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == cls.__name__
    ]
    bodies = [found.body, *(each.body for each in found.body if isinstance(each, ast.FunctionDef))]
    names = {name for body in bodies for name in _with_words(body)}
    properties = {name for name, value in vars(cls).items() if isinstance(value, property) and value.__doc__}
    return names | properties


def _with_words(body: list[ast.stmt]) -> Iterator[str]:
    for statement, below in pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(below, ast.Expr):
            words = below.value
            if isinstance(words, ast.Constant) and str(words.value).rstrip().endswith("."):
                yield ast.unparse(statement.target).removeprefix("self.")


def in_family(cls: type) -> set[str]:
    """Give the same of a class and those that it derives from."""
    ours = [each for each in cls.__mro__ if each.__module__.startswith("scenario_async")]
    return {name for each in ours for name in explained(each)}


def test_every_public_name_is_in_the_reference() -> None:
    """Whatever `scenario_async` exports has an entry."""
    assert set(scenario_async.__all__) - set(ENTRIES) == set()


@pytest.mark.parametrize("cls", WITH_FIELDS, ids=lambda cls: cls.__name__)
def test_every_field_has_a_sentence(cls: Any) -> None:
    """Hits and their parts, pages, replies, events and items of a fan-out say what each of their fields is."""
    fields = {field.name for field in attrs.fields(cls) if not field.name.startswith("_")}
    assert fields - in_family(cls) == set()
    assert ":members:" in ENTRIES[cls.__name__]


def test_hits_are_among_those_with_fields() -> None:
    """The classes above are found, and not by chance none."""
    names = {cls.__name__ for cls in WITH_FIELDS}
    assert names >= {"AssetHit", "ModelHit", "WorkflowHit", "AssetMetadata", "Thumbnail", "Concept", "Reply"}
    assert names >= {
        "FanOutHit",
        "FanOutEnd",
        "Download",
        "RetryEvent",
        "SearchPage",
        "ResponseInfo",
        "RecordedRequest",
    }


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_attribute_of_an_error_has_a_sentence(error: type[errors.ScenarioError]) -> None:
    """What an error carries is explained where it is set, and listed in the reference."""
    made = error("", status_code=400) if issubclass(error, APIStatusError) else error("")
    own = {name for name in explained(error) if not name.startswith("_")}
    assert {*vars(made)} - in_family(error) == set()
    listed = ENTRIES[error.__name__].partition(":members:")[2].partition("\n")[0]
    assert {name.strip() for name in listed.split(",") if name.strip()} == own


@pytest.mark.parametrize(
    ("module", "alias"),
    [
        ("images", "Picture"),
        ("pages", "StopReason"),
        ("_paging.fan_out", "Order"),
        ("_paging.fan_out", "OnError"),
        ("_paging.fan_out", "FanOutItem"),
        ("_downloads.download", "DownloadStatus"),
        ("errors", "GaveUp"),
        ("_support.secret", "TokenSource"),
        ("settings", "SessionFactory"),
        ("limiters._shared", "OnFailure"),
    ],
)
def test_named_types_are_explained(module: str, alias: str) -> None:
    """A type that signatures call by a name has an entry, and words under it."""
    path = Path(scenario_async.__file__).parent / f"{module.replace('.', '/')}.py"
    assert alias in set(_with_words(ast.parse(path.read_text(encoding="utf-8")).body))
    assert alias in ENTRIES
