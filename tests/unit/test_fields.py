"""What `F` offers before a letter is typed: the attributes that the service documents, once declared."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import pickle
import rlcompleter
from pathlib import Path

import pytest

from scenario_async import F
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.filters import Field, Fields
from scenario_async.models import wire_name

ROOT = Path(__file__).parents[2]
OFFERED = set(Fields.__annotations__)
FILTERABLE = {name for schema in SCHEMAS.values() for name in schema.filterable}


def completed(text: str) -> list[str]:
    """Give what Python's own prompt offers after a text."""
    completer = rlcompleter.Completer({"F": F})
    return [word for number in range(300) if (word := completer.complete(text, number))]


def test_offered_are_the_filterable_attributes() -> None:
    """Every attribute that some search is filtered by, and no other, is declared."""
    assert {wire_name(name) for name in OFFERED} == {name for name in FILTERABLE if "." not in name}


def test_offered_are_the_attributes_of_the_documentation() -> None:
    """Its list and the declarations tell the same."""
    text = (ROOT / "docs" / "filters.md").read_text(encoding="utf-8")
    listed = text.partition("## Attributes")[2].partition("## Conditions")[0]
    assert [name for name in sorted(OFFERED) if f"`{name}`" not in listed] == []


def test_a_prompt_offers_them() -> None:
    """`dir` lists them, and so Python's prompt completes them; attributes of attributes are conditions."""
    assert set(dir(F)) >= OFFERED
    assert {f"F.{name}" for name in OFFERED} <= set(completed("F."))
    assert completed("F.crea") == ["F.created_at"]
    assert "F.created_at.between(" in completed("F.created_at.b")
    assert "F.created_at.desc()" in completed("F.created_at.d")


def test_a_notebook_offers_names_in_brackets() -> None:
    """IPython asks for them; among them are those with a dot, which no attribute can have."""
    offered = set(F._ipython_key_completions_())
    assert offered <= FILTERABLE
    assert offered >= {name for name in FILTERABLE if "." not in name}
    assert offered >= {name for name in FILTERABLE if name.startswith("compliance")} | {"metadata.type"}


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_each_is_an_attribute_under_both_names(name: str) -> None:
    """The service's spelling travels, whichever was typed."""
    for spelled in (name, wire_name(name)):
        field = getattr(F, spelled)
        assert isinstance(field, Field)
        assert str(field.is_empty()) == f"{wire_name(name)} IS EMPTY"


def test_it_shows_itself_in_a_letter() -> None:
    """And an attribute shows how to write it."""
    assert repr(F) == "F"
    assert repr(F.created_at) == "F['createdAt']"


def test_copies_work_alike() -> None:
    """A copy, also one from another process, makes the same conditions."""
    for same in (copy.copy(F), copy.deepcopy(F), pickle.loads(pickle.dumps(F))):  # noqa: S301 - our own bytes
        assert str(same.created_at == 1) == "createdAt = 1"
