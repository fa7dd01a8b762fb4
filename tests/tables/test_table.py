"""`HitTable` itself: what it holds, gives and refuses."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from support.hits import asset, model
from tables.kept import CLASSES, NEVER_WRITTEN, SIGNED, of, row, table, without

from scenario_async import AssetHit, FanOutHit, HitTable, InvalidSearchError, ModelHit

IN_A_CLONE = "in a clone of the repository, run: pip install '.[export]'"


def test_a_table_has_a_length_hits_and_iterates_again() -> None:
    """The hits are those given, in their order, as often as they are asked for."""
    kept = table(count=4)
    assert len(kept) == 4
    assert [hit.id for hit in kept] == [hit.id for hit in kept.hits] == [hit.id for hit in kept]
    assert kept[0].id == "asset_0"
    assert kept[-1].id == "asset_3"
    with pytest.raises(IndexError):
        kept[4]


def test_a_slice_is_a_table_of_the_same_class_and_story() -> None:
    """Also an empty one."""
    kept = table("model", 4)
    kept.stopped_because, kept.duplicates = "max_hits", 2
    part = kept[1:3]
    assert isinstance(part, HitTable)
    assert [hit.id for hit in part] == ["model_1", "model_2"]
    assert (part.stopped_because, part.duplicates) == ("max_hits", 2)
    assert kept[:0].hit_class is ModelHit
    assert len(kept[:0]) == 0


def test_a_table_is_neither_a_list_nor_a_sequence() -> None:
    """Readers of Arrow take those apart before they look for Arrow."""
    assert not isinstance(table(), (list, Sequence))


def test_a_table_keeps_its_own_list() -> None:
    """What becomes of the list it was made of does not matter to it."""
    hits = table().hits[:]
    kept = HitTable(hits)
    hits.clear()
    assert len(kept) == 3
    assert len(HitTable(iter(table()))) == 3


def test_the_class_is_that_of_the_hits_or_given() -> None:
    """An empty table knows it as well."""
    assert table("workflow").hit_class.__name__ == "WorkflowHit"
    assert HitTable([], AssetHit).hit_class is AssetHit
    assert HitTable(hit_class=AssetHit).hits == []


@pytest.mark.parametrize(
    ("hits", "hit_class", "told"),
    [
        ([], None, "hit_class is None, but a table without hits cannot know it: pass AssetHit"),
        ([], str, "hit_class is 'str', but a table has hits of one class, which is one of AssetHit, ModelHit, WorkflowHit"),
        ([1], None, "hits is 'int', but a table has hits of one class"),
        ([table().hits[0], table("model").hits[0]], None, "hits: one of them is 'ModelHit', but the table is one of"),
        ([FanOutHit(0, None, table().hits[0])], None, "hits is 'FanOutHit', but a table has hits"),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(hits: list[Any], hit_class: Any, told: str) -> None:
    """By the name of the parameter, its value and the way out."""
    with pytest.raises(InvalidSearchError) as caught:
        HitTable(hits, hit_class)
    assert str(caught.value).startswith(told)


def test_the_repr_is_short_and_holds_no_url() -> None:
    """It has the count, the class and the first ids."""
    assert repr(table(count=1)) == "<HitTable: 1 AssetHit: asset_0>"
    assert repr(table("model", 1234)) == "<HitTable: 1,234 ModelHits: model_0, model_1, model_2, …>"
    assert repr(table("workflow", 0)) == "<HitTable: 0 WorkflowHits>"
    assert NEVER_WRITTEN not in repr(of(url=SIGNED))


def test_a_table_pickles_and_copies() -> None:
    """With its class and what it says of the reading."""
    kept = table()
    kept.stopped_because = "exhausted"
    for again in (pickle.loads(pickle.dumps(kept)), copy.copy(kept), copy.deepcopy(kept)):  # noqa: S301 - our own
        assert again.hits == kept.hits
        assert (again.hit_class, again.stopped_because) == (AssetHit, "exhausted")


def test_dicts_are_the_json_of_the_service() -> None:
    """Signed URLs included: they are of use for as long as the program runs."""
    sent = asset("asset_9", url=SIGNED, later={"a": [1]})
    kept = HitTable([AssetHit.from_dict(sent)])
    assert kept.to_dicts() == [sent]
    assert json.loads(kept.to_json()) == [sent]
    assert kept.to_json(indent=2).startswith('[\n  {\n    "id"')


def test_flat_dicts_have_every_column_and_values_as_json_gave_them() -> None:
    """Numbers stay as they are; timestamps are instants."""
    found = row(of(metadata={"width": 1024, "height": 1024.5}))
    assert (found["metadata_width"], type(found["metadata_width"])) == (1024, int)
    assert found["metadata_height"] == 1024.5
    assert found["created_at"].isoformat() == "2025-01-16T11:19:41.579000+00:00"
    assert found["tags"] == ["knight"]
    assert found["extra"] is None


@pytest.mark.parametrize("kind", CLASSES)
def test_fields_choose_columns_in_their_order(kind: str) -> None:
    """In any of the spellings that are in use."""
    [found] = table(kind, 1).to_dicts(flat=True, fields=["updatedAt", "id", "thumbnail.asset_id", "id"])
    assert list(found) == ["updated_at", "id", "thumbnail_asset_id"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (["id", "metadata_widht"], "'metadata_widht', but AssetHit has no such column; did you mean 'metadata_width'?"),
        (["prompt"], "did you mean 'metadata_prompt'?"),
        (["zzz"], "there are id, author_id"),
        ([1], "a column is 1, but it must be a str"),
        ("id", "fields is 'id', but it must be a list of columns"),
        ([], "fields is [], but it must be a list of columns"),
    ],
)  # fmt: skip
def test_an_unknown_field_is_refused_with_the_nearest(fields: Any, told: str) -> None:
    """By name."""
    with pytest.raises(InvalidSearchError) as caught:
        table().to_dicts(flat=True, fields=fields)
    assert told in str(caught.value)
    assert caught.value.parameter == "fields"


def test_fields_of_what_is_not_flat_are_refused() -> None:
    """Nothing is left out silently."""
    with pytest.raises(InvalidSearchError, match="pass flat=True"):
        table().to_dicts(fields=["id"])


@pytest.mark.parametrize(
    ("call", "module", "told"),
    [
        ("to_arrow", "pyarrow", f'to_arrow() needs pyarrow, of the extra "export"; {IN_A_CLONE}'),
        ("to_pandas", "pandas", "to_pandas() needs pandas; run: pip install pandas"),
        ("to_polars", "polars", "to_polars() needs polars; run: pip install polars"),
    ],
)  # fmt: skip
def test_a_missing_library_is_named_with_the_way_to_it(call: str, module: str, told: str) -> None:
    """In words that work before the package is on any index."""
    with without(module), pytest.raises(ImportError) as caught:
        getattr(table(), call)()
    assert str(caught.value) == told
    assert caught.value.name == module


def test_without_any_arrow_the_smaller_library_is_named() -> None:
    """The one of the extra `arrow` is enough for handing hits over."""
    with without("pyarrow", "nanoarrow"), pytest.raises(ImportError, match=r"pip install '\.\[arrow\]'"):
        table().__arrow_c_stream__()


def test_a_model_among_assets_is_found_where_the_class_is_given() -> None:
    """The class that is given counts."""
    with pytest.raises(InvalidSearchError, match="the table is one of AssetHit"):
        HitTable[Any]([ModelHit.from_dict(model())], AssetHit)
