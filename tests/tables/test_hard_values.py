"""Values that a column cannot hold as they are: what comes out for each, and that nothing is lost silently."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hits import asset, model
from support.programs import needs
from tables.kept import of, row, without

from scenario_async import AssetHit, HitTable, ModelHit, ScenarioError
from scenario_async._tables.rows import are_usual, moment
from scenario_async._tables.texts import moment_text

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def extra_of(kept: HitTable[Any]) -> Any:
    """Give what the only row has in `extra`, decoded."""
    found = row(kept)["extra"]
    return None if found is None else json.loads(found)


@pytest.mark.parametrize(
    ("sent", "instant", "kept"),
    [
        ("2025-01-16T11:19:41.579Z", datetime(2025, 1, 16, 11, 19, 41, 579000, UTC), None),
        ("2025-01-16T13:19:41+02:00", datetime(2025, 1, 16, 11, 19, 41, 0, UTC), None),
        ("2025-01-16", datetime(2025, 1, 16, tzinfo=UTC), None),
        ("2025-01-16T11:19:41", datetime(2025, 1, 16, 11, 19, 41, 0, UTC), None),
        ("2025-01-16T11:19:41.123456000Z", datetime(2025, 1, 16, 11, 19, 41, 123456, UTC), None),
        ("2025-01-16T11:19:41.123456789Z", datetime(2025, 1, 16, 11, 19, 41, 123456, UTC),
         {"createdAt": "2025-01-16T11:19:41.123456789Z"}),
        ("soon", None, {"createdAt": "soon"}),
        ("", None, {"createdAt": ""}),
        ("0001-01-01T00:00:00+02:00", None, {"createdAt": "0001-01-01T00:00:00+02:00"}),
    ],
)  # fmt: skip
def test_timestamps(sent: str, instant: datetime | None, kept: Any) -> None:
    """An instant of UTC; what is none, or finer than microseconds, stands in `extra` as it was sent."""
    table = of(createdAt=sent)
    assert row(table)["created_at"] == instant
    assert extra_of(table) == kept
    assert table.to_polars()["created_at"].to_list() == [instant]


USUAL = ("2025-01-16T11:19:41.579Z", "1999-12-28T23:59:59.000Z")
ODD = (
    *(
        "2025-02-30T11:19:41.579Z",
        "2025-01-31T11:19:41.579Z",
        "2025-01-16T24:00:00.000Z",
        "2025-01-16T11:19:41.57Z",
    ),
    *("2025-01-16T11:19:41.579z", "2025-01-16 11:19:41.579Z", "0999-01-16T11:19:41.579Z", "", " ", "soon"),
    *(f"{USUAL[0]} {USUAL[1]}", f"{USUAL[0]} ", f"{USUAL[0]}\n", USUAL[0].replace("1", "\u0661", 1)),
)


@QUICK
@given(st.lists(st.sampled_from(USUAL) | st.sampled_from((*ODD, *USUAL, None)), max_size=5))
def test_timestamps_as_usual(texts: list[str | None]) -> None:
    """Many are looked at in one go; what is true of all is true of each."""
    assert are_usual(texts) == all(text in USUAL for text in texts)


def test_what_is_usual_is_an_instant() -> None:
    """What is not looked at again is written as milliseconds of UTC, which no column changes."""
    for text in USUAL:
        found = moment(text)
        assert found is not None
        assert moment_text(found) == f"{text[:-1]}000Z"


@pytest.mark.parametrize(
    ("sent", "number", "kept"),
    [
        (1, 1.0, None),
        (1.5, 1.5, None),
        (-0.0, -0.0, None),
        (2**53, 2.0**53, None),
        (2**53 + 1, 2.0**53, 2**53 + 1),
        (-(2**53) - 1, -(2.0**53), -(2**53) - 1),
        (2**70, 2.0**70, None),
        (2**70 + 1, 2.0**70, 2**70 + 1),
        (10**400, None, 10**400),
        (1e308, 1e308, None),
    ],
)
@pytest.mark.parametrize("arrow", ["pyarrow", "nanoarrow"])
def test_numbers(sent: float, number: float | None, kept: int | None, arrow: str) -> None:
    """A float64 everywhere; an integer that none is equal to stands in `extra` as well, and in dicts as it is."""
    table = of(metadata={"width": sent, "height": 1.5})
    assert row(table)["metadata_width"] == sent
    assert extra_of(table) == (None if kept is None else {"metadata": {"width": kept}})
    assert table.to_polars()["metadata_width"].to_list() == [number]
    pl: Any = import_module("polars")
    with without(*({"pyarrow", "nanoarrow"} - {arrow})):
        assert pl.DataFrame(table)["metadata_width"].to_list() == [number]


def test_integers_beside_fractions_and_nothing() -> None:
    """One type for all, whatever comes first."""
    hits = [
        AssetHit.from_dict(asset(metadata=each))
        for each in ({"width": 1}, {"width": 1.5}, {}, {"width": 2**63})
    ]
    for order in (hits, hits[::-1]):
        column = HitTable(order).to_polars()["metadata_width"]
        assert str(column.dtype) == "Float64"
        assert sorted(column.drop_nulls().to_list()) == [1.0, 1.5, 2.0**63]


def test_a_column_of_nothing_has_its_type() -> None:
    """No column is of the type "null", and none is left out."""
    frame = of(metadata={}).to_polars()
    assert str(frame.schema["metadata_width"]) == "Float64"
    assert str(frame.schema["description"]) == "String"
    assert str(HitTable([], AssetHit).to_polars().schema["tags"]) == "List(String)"
    types = of(metadata={}).to_pandas().dtypes
    assert str(types["metadata_width"]) == "float64"
    assert str(types["description"]) in ("str", "string")
    assert str(types["created_at"]) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\udc00", "\ufffd"),
        ("é\x00\u2028", "é\x00\u2028"),
    ],
)
def test_lone_surrogates(sent: str, whole: str) -> None:
    """Half a character becomes U+FFFD, as where a reply is read; two halves become one character."""
    hit = AssetHit.from_dict(asset(description=sent, tags=["x", sent], later=sent))
    table = HitTable([hit])
    found = row(table)
    assert (found["description"], found["tags"]) == (whole, ["x", whole])
    assert json.loads(found["extra"]) == {"later": whole}
    assert table.to_polars()["description"].to_list() == [whole]
    assert table.to_pandas()["description"].tolist() == [whole]
    assert json.loads(table.to_json())[0]["description"] == whole
    for arrow in ("pyarrow", "nanoarrow"):
        with without(*({"pyarrow", "nanoarrow"} - {arrow})):
            handed_over = import_module("polars").DataFrame(table)
        assert handed_over["description"].to_list() == [whole]
        assert handed_over["tags"].to_list() == [["x", whole]]


def test_what_the_service_adds_stands_in_extra_in_its_place() -> None:
    """At the top, in the metadata, in a thumbnail, in a list of concepts; nulls say nothing."""
    thumbnail = {"assetId": "a", "url": "https://cdn.example/a", "blur": 1}
    table = of(later={"a": [1, None]}, nothing=None, thumbnail=thumbnail, metadata={"width": 1, "fps": 24})
    assert extra_of(table) == {"later": {"a": [1, None]}, "thumbnail": {"blur": 1}, "metadata": {"fps": 24}}
    made = HitTable([ModelHit.from_dict(model(concepts=[{"modelId": "m"}, {"modelId": "n", "scale": 0.5}]))])
    assert row(made)["concepts_model_id"] == ["m", "n"]
    assert extra_of(made) == {"concepts": [{}, {"scale": 0.5}]}


def test_one_hit_with_more_leaves_the_others_alone() -> None:
    """Its neighbours have nothing in `extra`."""
    hits = [
        AssetHit.from_dict(asset(f"a{number}", **({"later": 1} if number == 2 else {})))
        for number in range(4)
    ]
    assert [each["extra"] for each in HitTable(hits).to_dicts(flat=True)] == [None, None, '{"later":1}', None]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
JSON = st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


def rebuilt(flat: dict[str, Any]) -> dict[str, Any]:
    """Put the JSON of an asset together again, of its flat row."""
    more = json.loads(flat.pop("extra") or "{}")
    made: dict[str, Any] = {}
    for name, value in flat.items():
        if value is None:
            continue
        owner, rest = made, name
        for part in ("metadata", "thumbnail"):
            if rest.startswith(f"{part}_"):
                owner, rest = owner.setdefault(part, {}), rest.removeprefix(f"{part}_")
        head, *tail = rest.split("_")
        owner[head + "".join(each.capitalize() for each in tail)] = (
            value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            if isinstance(value, datetime)
            else value
        )
    return merged(made, more)


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Put what `extra` has into its place."""
    for name, value in other.items():
        inside = name in ("metadata", "thumbnail") and name in one
        one[name] = merged(one[name], value) if inside else value
    return one


@QUICK
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "width": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            "prompt": st.text(),
            "size": st.integers(),
        },
    ),
    st.dictionaries(
        st.text(min_size=1).map(lambda name: f"x{name}"),
        JSON.filter(lambda value: value is not None),
        max_size=3,
    ),
    st.sampled_from(["2025-01-16T11:19:41.579Z", "soon", "2025-01-16T11:19:41.1234567Z"]),
)
def test_a_flat_row_and_its_extra_hold_all_that_was_sent(
    metadata: dict[str, Any], later: dict[str, Any], created: str
) -> None:
    """The JSON of any hit can be put together again."""
    sent = asset(metadata=metadata, createdAt=created, **later)
    again = rebuilt(row(HitTable([AssetHit.from_dict(sent)])))
    assert {"metadata": {}, **again} == sent


def test_what_json_cannot_carry_is_told() -> None:
    """It can only have been made by hand."""
    table = of(later=1)
    object.__setattr__(table.hits[0], "extra", {"later": {1, 2}})
    with pytest.raises(ScenarioError, match="what JSON cannot carry"):
        table.to_json()


@needs("pyarrow")
def test_a_text_column_holds_any_text() -> None:
    """Long ones, empty ones, and those with line breaks and NULs."""
    texts = ["", "a\x00b", "\r\n", "x" * 100_000, "日本", "😀"]
    hits = [AssetHit.from_dict(asset(f"a{place}", description=text)) for place, text in enumerate(texts)]
    assert HitTable(hits).to_arrow()["description"].to_pylist() == texts
