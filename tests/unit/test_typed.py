"""The two ways from a page's JSON to its hits, which have to agree: msgspec's structs, and the general one."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import json
import sys
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from support.hits import asset, assets
from support.reading import READERS, reading, replied

from scenario_async import APIResponseValidationError, AssetHit, Hit, ModelHit, WorkflowHit
from scenario_async._http import json as json_room
from scenario_async._http import typed
from scenario_async._http.reply import _COUNTS, page_content
from scenario_async._http.structure import FieldShape, shapes_of
from scenario_async.models import NOTHING, Record

pytest.importorskip("msgspec")

MANY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CLASSES: tuple[Any, ...] = (AssetHit, ModelHit, WorkflowHit)

# All values are JSON already, as there are many ways to write the same one.
TEXTS = (
    st.sampled_from(
        ['"a"', '"b"', '""', r'"\u0000"', r'"\ud83d\udc08"', r'"\/\\ud800"', '"🐈\u2028"', r'"\u0061"']
    )
    | st.text(max_size=5).map(json.dumps)
    | st.text(max_size=5).map(lambda text: json.dumps(text, ensure_ascii=False))
)
HALVES = st.sampled_from([r'"\ud800"', r'"a\udc00"', r'"\uD83D\ud83d\udc08"', r'"\ud83d\\udc08"'])
WHOLE = st.integers(-(2**70), 2**70).map(str) | st.sampled_from(
    ["0", "-0", str(2**53 + 1), str(2**64 - 1), str(2**64), str(-(2**63) - 1), "1" + "0" * 400]
)
NUMBERS = (
    WHOLE
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.sampled_from(["1.0", "-0.0", "1E2", "1e308", "5e-324", "1e-400", "9007199254740993.0"])
)
ANYTHING: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["null", "true", "false", "[]", "{}", "[" * 101 + "]" * 101]) | NUMBERS | TEXTS | HALVES,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda each: f"[{','.join(each)}]")
        | st.dictionaries(TEXTS, inner, max_size=2).map(lambda pairs: as_object(pairs.items()))
    ),
    max_leaves=3,
)
NAMES = ("hits", "error", "id", "tags", "metadata", "limit", "extra", "assetId", "new", "created_at", "")


def as_object(members: Any) -> str:
    """Write names and values that are JSON already."""
    return "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"


def _value(field: FieldShape) -> st.SearchStrategy[str]:
    if field.record is not None:
        inner = documented(field.record)
        return inner if field.shape == "record" else _listed(inner)
    return {"text": TEXTS, "number": NUMBERS, "texts": _listed(TEXTS)}[field.shape]


def _listed(each: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(each, max_size=2).map(lambda items: f"[{','.join(items)}]")


@st.composite
def documented(draw: st.DrawFn, cls: Any, changed: bool = False) -> str:  # noqa: FBT001, FBT002
    """Give the JSON of a record: all that is required, and a few of the other fields, some of them null.

    In one that is `changed` some members are other values, or not there, or there twice, or of another name.
    """
    members: list[tuple[str, str]] = []
    fields = shapes_of(cls)
    optional = [field for field in fields if field.optional]
    some = draw(st.lists(st.sampled_from(optional), unique=True, max_size=4)) if optional else []
    for field in (*(field for field in fields if not field.optional), *some):
        given = st.just("null") | _value(field) if field.optional else _value(field)
        members.append((json.dumps(field.wire), draw(given)))
    if changed:
        draw(changes(members))
    if draw(st.booleans()):
        members.reverse()
    return as_object(members)


@st.composite
def changes(draw: st.DrawFn, members: list[tuple[str, str]]) -> None:
    """Change a few of an object's members in place."""
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(members) - 1)) if members else 0
        match draw(st.sampled_from(["drop", "replace", "repeat", "add", "escape"])) if members else "add":
            case "drop":
                del members[place]
            case "replace":
                members[place] = members[place][0], draw(ANYTHING)
            case "repeat":
                members.insert(draw(st.integers(0, len(members))), (members[place][0], draw(ANYTHING)))
            case "add":
                members.insert(place, (json.dumps(draw(st.sampled_from(NAMES))), draw(ANYTHING)))
            case _:
                name = json.loads(members[place][0])
                escaped = "".join(f"\\u{ord(character):04x}" for character in name if character < "\ud800")
                members[place] = f'"{escaped}"', members[place][1]


@st.composite
def pages(draw: st.DrawFn, *, changed: bool) -> tuple[type[Hit], bytes]:
    """Give a class of hits and a page of them; in one that is `changed`, something is not as documented."""
    cls = draw(st.sampled_from(CLASSES))
    count = draw(st.integers(0, 3))
    odd = draw(st.integers(0, 3)) if changed else None  # which hit it is; else it is the envelope
    hits = [draw(documented(cls, number == odd)) for number in range(count)]
    counts = draw(st.lists(st.sampled_from(sorted(_COUNTS.values())), unique=True, max_size=3))
    members = [(json.dumps(name), draw(WHOLE | st.just("null"))) for name in counts]
    members.insert(draw(st.integers(0, len(members))), ('"hits"', f"[{','.join(hits)}]"))
    members += draw(st.sampled_from([[], [('"error"', "null")], [('"processingTimeMs"', "1.5")]]))
    if odd is not None and odd >= count:
        draw(changes(members))
    return cls, as_object(members).encode()


def shown(hits: list[Any]) -> str:
    """Give all that there is to see of hits: `1`, `1.0`, `-0.0` and `True` are four things."""
    return repr([(hit.__class__, hit.to_dict(), dict(hit.extra)) for hit in hits])


def read_by(reader: str, content: bytes, cls: type[Hit], invalid_hits: Any = "raise") -> dict[str, Any] | str:
    """Give what a page says, or what its error does, and holds."""
    with reading(reader):
        try:
            return page_content(replied(content), cls, invalid_hits=invalid_hits)
        except APIResponseValidationError as error:
            return f"{error.message} {error.body!r}"


def check_agreement(content: bytes, cls: type[Hit], invalid_hits: str = "raise") -> dict[str, Any] | str:
    """Give what all three readers say."""
    first, *others = [read_by(reader, content, cls, invalid_hits) for reader in READERS]
    for other in others:
        if isinstance(first, str) or isinstance(other, str):
            assert other == first
            continue
        assert other["hits"] == first["hits"]
        assert shown(other["hits"]) == shown(first["hits"])
        assert repr(list(other["invalid_hits"])) == repr(list(first["invalid_hits"]))
        for name in _COUNTS:
            assert repr(other.get(name)) == repr(first.get(name))
    return first


@MANY
@given(pages(changed=False))
def test_pages_as_documented(page: tuple[type[Hit], bytes]) -> None:
    """They are read straight into structs, and to the same hits as in any other way: types, nulls and counts."""
    cls, content = page
    read = typed.read(content, cls, _COUNTS)
    assert read is not None
    hits, counts, extra = read
    found = check_agreement(content, cls)
    assert isinstance(found, dict)
    assert found["hits"] == hits
    assert found["extra"] == {name: value for name, value in extra.items() if value is not None}
    assert {name: found[name] for name in _COUNTS if found.get(name) is not None} == counts
    assert all(type(hit) is cls and hit.extra is NOTHING for hit in hits)
    lists = [value for hit in hits for value in values_of(hit) if is_list(value)]
    assert len({id(each) for each in lists}) == len(lists), "no list is that of another hit"


@MANY
@given(pages(changed=False))
def test_what_is_written_is_read_again(page: tuple[type[Hit], bytes]) -> None:
    """`to_dict` gives what makes the same hit, in each way."""
    cls, content = page
    found = check_agreement(content, cls)
    assert isinstance(found, dict)
    written = json.dumps({"hits": [hit.to_dict() for hit in found["hits"]]}).encode()
    again = check_agreement(written, cls)
    assert isinstance(again, dict)
    assert again["hits"] == found["hits"]
    assert shown(again["hits"]) == shown(found["hits"])


@MANY
@given(pages(changed=True))
def test_pages_with_something_else_in_them(page: tuple[type[Hit], bytes]) -> None:
    """Unknown fields are kept, what is missing or of a wrong type is told, with its path; structs have neither."""
    cls, content = page
    found = check_agreement(content, cls)
    event(found.partition(" ")[0] if isinstance(found, str) else "hits")
    if isinstance(found, str) or any(map(holds_unknown, found["hits"])):
        assert typed.read(content, cls, _COUNTS) is None
    check_agreement(content, cls, "keep")


ENVELOPES = st.lists(
    st.tuples(st.sampled_from([*_COUNTS.values(), "hits", "reason"]).map(json.dumps), NUMBERS | ANYTHING)
    | st.tuples(st.just('"error"'), TEXTS | ANYTHING),
    max_size=4,
)


@MANY
@given(ENVELOPES, st.booleans())
def test_envelopes_of_any_kind(members: list[tuple[str, str]], full: bool) -> None:  # noqa: FBT001
    """Whole floats are whole numbers, and an error beside hits is an error, in each way."""
    hits = ('"hits"', json.dumps(assets(2) if full else []))
    found = check_agreement(as_object([hits, *members]).encode(), AssetHit)
    counts = [] if isinstance(found, str) else [found.get(name) for name in _COUNTS]
    assert all(count is None or type(count) is int for count in counts)


def values_of(record: Record) -> list[Any]:
    """Give the values of a record's documented fields."""
    cls: Any = type(record)
    return [getattr(record, field.name) for field in shapes_of(cls)]


def is_list(value: Any) -> bool:
    """Tell lists from all else."""
    return type(value) is list


def holds_unknown(record: Record) -> bool:
    """Tell whether a record, or one within it, has a field that is not documented."""
    values = values_of(record)
    values += [each for value in filter(is_list, values) for each in value]
    return bool(record.extra) or any(holds_unknown(each) for each in values if isinstance(each, Record))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"new": 1}, None),
        ({"metadata": {"new": {"a": None}}}, None),
        ({"ownerId": None}, "$.hits[1].ownerId is null, but a text is expected"),
        ({"tags": ["a", 5]}, "$.hits[1].tags[1] is a number, but a text is expected"),
        ({"metadata": {"width": "1"}}, "$.hits[1].metadata.width is a text, but a number is expected"),
        ({"score": True}, "$.hits[1].score is true or false, but a number is expected"),
        ({"thumbnail": {"url": "u"}}, "$.hits[1].thumbnail.assetId is missing"),
    ],
)
def test_structs_leave_the_rest_to_the_general_way(changed: dict[str, Any], told: str | None) -> None:
    """What they do not know they do not read, so that nothing is lost and each fault has its path."""
    hits = [asset("asset_1"), asset("asset_2", **changed), asset("asset_3")]
    content = json.dumps({"hits": hits}).encode()
    assert typed.read(content, AssetHit, _COUNTS) is None
    found = check_agreement(content, AssetHit)
    if isinstance(found, str):
        assert told is not None
        assert found.startswith(told)
        return
    assert told is None
    assert [hit.to_dict() for hit in found["hits"]] == [without_nulls(each) for each in hits]


def without_nulls(value: Any) -> Any:
    """Give some JSON without the nulls in its objects."""
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value).items()
    return {name: without_nulls(each) for name, each in members if each is not None}


def test_what_a_hit_has_in_common_with_the_one_before_is_kept_once() -> None:
    """Texts that repeat from hit to hit take memory once, in what is nested too."""
    content = json.dumps({"hits": assets(3)}).encode()
    read = typed.read(content, AssetHit, _COUNTS)
    assert read is not None
    for name in ("owner_id", "team_id", "author_id", "privacy", "mime_type"):
        assert len({id(getattr(hit, name)) for hit in read[0]}) == 1, name
    assert len({id(hit.metadata.prompt) for hit in read[0]}) == 1


@pytest.mark.parametrize("skipped", [b"1e400", b'"\xff"', b"1" * 5000])
def test_what_no_one_asked_for_has_to_be_json_too(skipped: bytes) -> None:
    """A page is refused or taken whether msgspec is installed or not."""
    content = b'{"hits": [], "unknown": ' + skipped + b"}"
    for reader in READERS:
        with reading(reader), pytest.raises(APIResponseValidationError, match="is not JSON"):
            page_content(replied(content), AssetHit, invalid_hits="raise")


def test_without_msgspec_all_is_read_by_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is a matter of time alone."""
    caches = (typed._reader, json_room._codec)
    monkeypatch.setitem(sys.modules, "msgspec", None)
    for each in caches:
        each.cache_clear()
    try:
        assert typed.read(b'{"hits": []}', AssetHit, _COUNTS) is None
        assert json_room._codec() == (json_room._standard_loads, json_room._standard_dumps)
    finally:
        for each in caches:
            each.cache_clear()
