"""Any filter: it is read back as what was meant, and finds what a second, plainer reading of the rules finds.

What is meant is a `Meaning`: `("=", "name", "x")` and its like for one test of one attribute, `("not", m)`,
`("all", m, ...)` and `("any", m, ...)`. Nothing in this file asks the emulator what a test means.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from unicodedata import normalize

import pytest
from emulator.records import PROJECT, asset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import F, Filter
from scenario_async.emulator import Library
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.conditions import Condition, Group, Negation, Node
from scenario_async.emulator.engine import search
from scenario_async.emulator.errors import ServiceError
from scenario_async.emulator.filters import parse_filter
from scenario_async.emulator.parameters import read_search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.any_versions

Meaning: TypeAlias = tuple[Any, ...]
Json: TypeAlias = dict[str, Any]

SOME = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)

DICE = st.integers(0, 2**32).map(Random)

# --- what may be compared with what -------------------------------------------------------------------------

WORDS = (
    "",
    " ",
    "\u00a0a ",
    "x" * 468,
    "x" * 469,
    "a",
    "A",
    "red knight",
    "Red",
    "KNIGHT",
    "é",
    "É",
    "ß",
    "SS",
    "1024",
    "042",
    "1e3",
    "-5",
    "true",
)
CURIOUS = "\"'\\nrtux{}0\n\r\t() ,[]=<>!:ANDORNOTé🐉\x00\x1f\u2028\u00a0"
KEYWORDS = (
    *("AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH"),
    *("_geo", "_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geoPoint", "_geoDistance"),
    *("ENDS", "ENDS WITH", "and", "\\", '"', "'", "\\n", "\\u{41}", "a = 1 OR b = 2", "//", "# no comment"),
)
TEXTS = (
    st.sampled_from(WORDS + KEYWORDS)
    | st.text(max_size=8)
    | st.text(st.sampled_from(CURIOUS), max_size=8)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
)
NUMBERS = (
    st.integers(-2000, 2000)
    | st.sampled_from([0, 512, 1024, 1024.0, 3.5, 0.1, 1e300, -1e-7, 2**40])
    | st.floats(allow_nan=False, allow_infinity=False)
)
DATES = st.dates(date(1970, 1, 1), date(2100, 1, 1))
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - they get their zone next
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
VALUES = TEXTS | NUMBERS | st.booleans() | DATES | MOMENTS
ATTRIBUTES = {
    "name": F.name,
    "prompt": F.prompt,
    "width": F.width,
    "guidance": F.guidance,
    "seed": F["seed"],
    "negativePrompt": F.negative_prompt,
    "metadata.type": F["metadata.type"],
    "tags": F.tags,
    "nsfw": F.nsfw,
    "createdAt": F.created_at,
}


def text_of(value: object) -> str:
    """Spell a value as the service's own records and filters spell it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
        case date():
            return value.strftime("%Y-%m-%d")
        case _:
            return repr(value).replace("e+", "e")


# --- (a) filters built with F -------------------------------------------------------------------------------


@st.composite
def conditions_of_f(draw: st.DrawFn) -> tuple[Filter, Meaning]:
    """Build one condition with F, and say what it means."""
    name = draw(st.sampled_from(sorted(ATTRIBUTES)))
    field, value = ATTRIBUTES[name], draw(VALUES)
    values, text = draw(st.lists(VALUES, min_size=1, max_size=3)), draw(TEXTS)
    equal = ("=", name, text_of(value))
    equals = [("=", name, text_of(each)) for each in values]
    return draw(
        st.sampled_from(
            [
                (field == value, equal),
                (field != value, ("not", equal)),
                (field > value, (">", name, text_of(value))),
                (field >= value, (">=", name, text_of(value))),
                (field < value, ("<", name, text_of(value))),
                (field <= value, ("<=", name, text_of(value))),
                (field.is_in(values), ("any", *equals)),
                (field.not_in(*values), ("not", ("any", *equals))),
                (field.contains_any(*values), ("any", *equals)),
                (field.contains_all(values), ("all", *equals)),
                (
                    field.between(value, value),
                    ("all", (">=", name, text_of(value)), ("<=", name, text_of(value))),
                ),
                (field.exists(), ("EXISTS", name)),
                (field.is_null(), ("NULL", name)),
                (field.is_empty(), ("EMPTY", name)),
                (field.contains(text), ("CONTAINS", name, text)),
                (field.starts_with(text), ("STARTS", name, text)),
            ]
        )
    )


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.tuples(inner, inner)
    return (
        inner.map(lambda each: (~each[0], ("not", each[1])))
        | pairs.map(lambda each: (each[0][0] & each[1][0], ("all", each[0][1], each[1][1])))
        | pairs.map(lambda each: (each[0][0] | each[1][0], ("any", each[0][1], each[1][1])))
    )


FILTERS_OF_F: st.SearchStrategy[tuple[Filter, Meaning]] = st.recursive(
    conditions_of_f(), _combined, max_leaves=6
)


def flat(meaning: Meaning) -> Meaning:
    """Give a meaning without groups of one, and without groups inside groups of their own sort."""
    sort, *parts = meaning
    if sort == "not":
        return ("not", flat(parts[0]))
    if sort not in {"all", "any"}:
        return meaning
    flattened: list[Meaning] = []
    for part in map(flat, parts):
        flattened += part[1:] if part[0] == sort else [part]
    return flattened[0] if len(flattened) == 1 else (sort, *flattened)


def read(node: Node) -> Meaning:
    """Give the meaning that the emulator's parser has read."""
    match node:
        case Condition():
            return (node.test, node.attribute, *node.values)
        case Negation():
            return ("not", read(node.operand))
        case Group():
            return ("all" if node.every else "any", *map(read, node.operands))


@SOME
@given(built=FILTERS_OF_F)
def test_what_is_built_with_f_is_read_back(built: tuple[Filter, Meaning]) -> None:
    """The emulator reads each filter of the client as what was built, whatever values it holds."""
    expression, meaning = built
    assert flat(read(parse_filter(str(expression)))) == flat(meaning)


@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_a_moment_of_any_zone_is_read_back_as_the_same_moment(hours: int) -> None:
    """Records hold their moments in UTC, so that is what a filter compares with."""
    moment = datetime(2024, 5, 6, 12, 30, 15, 250_000, timezone(timedelta(hours=hours)))
    (_, _, text) = read(parse_filter(str(F.created_at > moment)))
    assert datetime.fromisoformat(text) == moment
    assert text.endswith("Z")


# --- (b) a second reading of the rules ----------------------------------------------------------------------


def value_of(record: Json, attribute: str) -> Any:
    """Find an attribute's value as users do who look at a hit; `...` where there is none."""
    for place in (record, record["metadata"]):
        if attribute.removeprefix("metadata.") in place:
            return place[attribute.removeprefix("metadata.")]
    return ...


def number_in(text: str) -> float | None:
    """Read a text as a finite number, if that is what it is."""
    if not text or set(text) - set("0123456789.+-eE"):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def folded(text: str) -> str:
    """Fold a text as facets are: without blanks around it, which Unicode knows, in its parts, in lower case."""
    blank = {character for character in map(chr, range(0x3001)) if character.isspace()} - set(
        "\x1c\x1d\x1e\x1f"
    )
    return normalize("NFKD", text.strip("".join(blank))).lower()


def compares(order: str, left: Any, right: Any) -> bool:
    """Compare two numbers, or two texts without regard to case."""
    ordered: dict[str, bool] = {
        "=": left == right,
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
    }
    return ordered[order]


def item_passes(item: object, test: str, values: tuple[str, ...]) -> bool:
    """Put one text, number or boolean to one test."""
    match test, values:
        case "IN", _:
            return any(item_passes(item, "=", (value,)) for value in values)
        case "TO", (least, most):
            return item_passes(item, ">=", (least,)) and item_passes(item, "<=", (most,))
        case _:
            (value,) = values
    text = folded(text_of(item)) if isinstance(item, str | bool) else None
    if item == "" or (text is not None and len(text.encode()) > 468):
        return False
    if test in {"CONTAINS", "STARTS"}:
        found = -1 if text is None else text.find(folded(value))
        return found == 0 if test == "STARTS" else found >= 0
    if text is not None:
        return compares(test, text, folded(value))
    number = number_in(value)
    return number is not None and compares(test, item, number)


def value_passes(value: object, test: str, values: tuple[str, ...]) -> bool:
    """Put an attribute's value to one test: of a list, any item may pass."""
    match test:
        case "EXISTS":
            return value is not ...
        case "NULL":
            return value is None
        case "EMPTY":
            return isinstance(value, str | list) and not value
        case _:
            items = cast("list[object]", value) if isinstance(value, list) else [value]
            return any(
                item_passes(item, test, values) for item in items if item is not None and item is not ...
            )


def holds(meaning: Meaning, record: Json) -> bool:
    """Tell whether a record is what a meaning asks for."""
    match meaning:
        case ("not", inner):
            return not holds(inner, record)
        case ("all", *parts):
            return all(holds(part, record) for part in parts)
        case ("any", *parts):
            return any(holds(part, record) for part in parts)
        case (test, attribute, *values):
            return value_passes(value_of(record, attribute), test, tuple(values))
        case _:
            raise AssertionError(meaning)


HELD_TEXTS = st.sampled_from((*WORDS, "AND", "sc:x", "back\\slash")) | TEXTS
HELD = st.none() | HELD_TEXTS | st.sampled_from([0, 512, 1024, 1024.0, 3.5, -5, 0.1, 2**40, True, False])
HELD_LISTS = st.lists(HELD_TEXTS, max_size=3)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("name", "prompt", "width", "guidance", "seed", "type"), HELD),
        "negativePrompt": HELD | HELD_LISTS,
    },
)
FIELDS = st.fixed_dictionaries(
    {
        "tags": HELD_LISTS,
        "nsfw": HELD_LISTS | st.none(),
        "createdAt": MOMENTS.map(text_of),
    }
)


@st.composite
def libraries(draw: st.DrawFn) -> list[Json]:
    """Make a few assets with ids in order."""
    count = draw(st.integers(1, 6))
    return [asset(f"asset_{number}", draw(METADATA), **draw(FIELDS)) for number in range(count)]


def found(records: list[Json], filter: str) -> list[str]:
    """Give the ids of what the emulator finds among these records."""
    request = read_search({"filter": filter, "limit": 100}, SCHEMAS["assets"])
    library = Library(records, project_id=PROJECT)
    page = search(library, "assets", request, max_total_hits=10_000)
    return sorted(record["id"] for record in page.records)


@SOME
@given(built=FILTERS_OF_F, records=libraries())
def test_what_is_built_with_f_finds_what_it_says(built: tuple[Filter, Meaning], records: list[Json]) -> None:
    """The emulator and the plain reading agree on every record."""
    expression, meaning = built
    expected = [record["id"] for record in records if holds(meaning, record)]
    assert found(records, str(expression)) == expected


# --- (c) any filter that the language has -------------------------------------------------------------------

COMPARISONS = ("=", ">", ">=", "<", "<=", "CONTAINS", "STARTS")
CONDITIONS: st.SearchStrategy[Meaning] = st.one_of(
    st.tuples(
        st.sampled_from(COMPARISONS), st.sampled_from(sorted(ATTRIBUTES)), TEXTS | NUMBERS.map(text_of)
    ),
    st.tuples(st.sampled_from(("EXISTS", "NULL", "EMPTY")), st.sampled_from(sorted(ATTRIBUTES))),
    st.tuples(st.just("TO"), st.sampled_from(sorted(ATTRIBUTES)), TEXTS, TEXTS | NUMBERS.map(text_of)),
    st.lists(TEXTS, max_size=4).flatmap(
        lambda values: st.tuples(st.just("IN"), st.sampled_from(sorted(ATTRIBUTES)), *map(st.just, values))
    ),
)
MEANINGS: st.SearchStrategy[Meaning] = st.recursive(
    CONDITIONS,
    lambda inner: (
        st.tuples(st.just("not"), inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: ("all", *parts))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: ("any", *parts))
    ),
    max_leaves=6,
)
_BARE = re.compile(r"[A-Za-z0-9_.-]+")


class Writer:
    """Writes meanings as texts, each time in another of the ways there are."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice

    def write(self, meaning: Meaning) -> str:
        """Write the whole filter."""
        return self.gap() + self.joined(meaning, 0) + self.gap()

    def gap(self, *, needed: bool = False) -> str:
        """Write the white space between two words."""
        return "".join(self.dice.choices(" \t\n\r", k=self.dice.randrange(int(needed), 3)))

    def words(self, *words: str) -> str:
        """Write words one after the other, with white space wherever two might run together."""
        written = words[0]
        for word in words[1:]:
            written += self.gap(needed=bool(re.search(r"[\w.\-]$", written))) + word
        return written

    def joined(self, meaning: Meaning, binding: int) -> str:
        """Write a meaning for a place that binds so tightly, in parentheses if need be or just so."""
        own = {"any": 0, "all": 1}.get(meaning[0], 2)
        if own < binding or self.dice.random() < 0.2:
            return self.words("(", self.joined(meaning, 0), ")")
        match meaning:
            case ("any" | "all" as sort, *parts):
                keyword = {"any": "OR", "all": "AND"}[sort]
                first, *others = (self.joined(part, own + 1) for part in parts)
                return self.words(first, *(word for other in others for word in (keyword, other)))
            case ("not", inner):
                if inner[0] not in {"not", "all", "any"} and self.dice.random() < 0.5:
                    return self.words(*self.negated(inner))
                return self.words("NOT", self.joined(inner, 2))
            case _:
                return self.words(*self.condition(meaning))

    def negated(self, meaning: Meaning) -> Iterator[str]:
        """Write the words of a condition that holds where this one does not."""
        match meaning:
            case ("=", name, value):
                yield from (self.value(name), "!=", self.value(value))
            case ("NULL" | "EMPTY" as state, name):
                yield from (self.value(name), "IS", "NOT", state)
            case ("EXISTS" | "CONTAINS" | "STARTS" | "IN", name, *_):
                _, *rest = self.condition(meaning)
                yield from (self.value(name), "NOT", *rest)
            case _:
                yield from ("NOT", *self.condition(meaning))

    def condition(self, meaning: Meaning) -> Iterator[str]:
        """Write the words of a condition."""
        test, name, *values = meaning
        yield self.value(name)
        match test:
            case "NULL" | "EMPTY":
                yield from ("IS", test)
            case "EXISTS":
                yield test
            case "IN":
                listed = [word for value in values for word in (self.value(value), ",")]
                yield from ("IN", "[", *listed[: len(listed) - self.dice.randrange(2)], "]")
            case "TO":
                yield from (self.value(values[0]), "TO", self.value(values[1]))
            case "STARTS":
                yield from ("STARTS WITH", self.value(values[0]))
            case _:
                yield from (test, self.value(values[0]))

    def value(self, text: str) -> str:
        """Write a value as a word, or in either sort of quotes."""
        if _BARE.fullmatch(text) and text not in KEYWORDS[:18] and self.dice.random() < 0.5:
            return text
        quote = self.dice.choice("\"'")
        return quote + "".join(self.character(character, quote) for character in text) + quote

    def character(self, character: str, quote: str) -> str:
        """Write a character of a quoted value as itself or as one of its escapes."""
        code = ord(character)
        ways = [f"\\u{{{code:x}}}", f"\\u{{{code:08X}}}"]
        ways += [f"\\x{code:02x}", f"\\{code:03o}"] if code < 256 else []
        ways += [f"\\u{code:04x}"] if code < 65_536 else []
        ways += [f"\\{character}"] if character in "\\\"'/" else []
        ways += [
            f"\\{letter}"
            for letter, meant in zip("bfnrtv", "\b\f\n\r\t\v", strict=True)
            if meant == character
        ]
        if character not in {"\\", quote} and self.dice.random() < 0.8:
            return character
        return self.dice.choice(ways)


@SOME
@given(meaning=MEANINGS, dice=DICE)
def test_any_spelling_of_a_filter_is_read_as_the_same(meaning: Meaning, dice: Random) -> None:
    """White space, quotes, escapes and needless parentheses change nothing."""
    text = Writer(dice).write(meaning)
    assert flat(read(parse_filter(text))) == flat(meaning), text


@SOME
@given(meaning=MEANINGS, records=libraries(), dice=DICE)
def test_any_filter_finds_what_it_says(meaning: Meaning, records: list[Json], dice: Random) -> None:
    """The emulator and the plain reading agree on every record."""
    text = Writer(dice).write(meaning)
    expected = [record["id"] for record in records if holds(meaning, record)]
    assert found(records, text) == expected, text


# --- (d) anything at all ------------------------------------------------------------------------------------

PIECES = (
    *(
        "name",
        "width",
        "kind",
        "a",
        "1024",
        "-1.5",
        '"',
        "'",
        "\\",
        "\\n",
        "\\q",
        "\\u{",
        "\\x",
        "}",
        "(",
        ")",
    ),
    *(
        "[",
        "]",
        ",",
        "=",
        "!=",
        ">",
        ">=",
        "<",
        "<=",
        " ",
        "  ",
        "\n",
        "\t",
        ":",
        "ENDS",
        "ENDS WITH",
        "é",
        "🐉",
    ),
)
GARBAGE = st.lists(st.sampled_from(PIECES + KEYWORDS), max_size=12).flatmap(
    lambda pieces: st.sampled_from(["".join(pieces), " ".join(pieces)])
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Give a filter with something left out of it, or put into it."""
    text = Writer(draw(DICE)).write(draw(MEANINGS))
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.sampled_from(PIECES)) + text[place + draw(st.integers(0, 3)) :]


def refusal(attempt: Callable[[], object]) -> ServiceError | None:
    """Give the refusal that an attempt meets, if it does; whatever else is raised goes through."""
    try:
        attempt()
    except ServiceError as error:
        return error
    return None


@settings(SOME, max_examples=300)
@given(text=GARBAGE | damaged() | st.text(max_size=30))
def test_any_text_is_a_filter_or_a_refusal_that_says_where(text: str) -> None:
    """Nothing breaks the parser, and only `ENDS WITH` is a 500."""
    refused = refusal(lambda: read(parse_filter(text)))
    if refused is not None and refused.status == 500:
        assert re.search(r"ENDS\s+WITH", text)
    elif refused is not None:
        assert refused.status == 400
        assert re.search(r"at line [1-9]\d*, column [1-9]\d*", refused.reason), refused.reason


@SOME
@given(text=GARBAGE | damaged())
def test_any_text_is_answered_or_refused_by_a_search(text: str) -> None:
    """Behind the parser nothing breaks either."""
    refused = refusal(lambda: found([asset("asset_1", {"name": "a", "width": 1024})], text))
    assert refused is None or refused.status == 400 or re.search(r"ENDS\s+WITH", text)
