"""Filters: what each expression renders, and that every value is read back as itself."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import enum
import math
import re
import time
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import AssetSearch, F, Filter, InvalidSearchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scenario_async.filters import Field

QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Kind(enum.StrEnum):
    """An enum of texts."""

    IMAGE = "image"


class OldKind(str, enum.Enum):  # noqa: UP042 - the older form prints differently
    """An enum of texts, as written before 3.11."""

    IMAGE = "image"


class Size(enum.IntEnum):
    """An enum of numbers."""

    LARGE = 1024


class Loud(str):
    """A text that shows itself in another way."""

    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"

    def __repr__(self) -> str:
        return "LOUD"


class Index:
    """A whole number of another library, as numpy has them."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __index__(self) -> int:
        return self.number


class NoIndex:
    """What has the method of a whole number and is none, as numpy's arrays are."""

    def __index__(self) -> int:
        raise TypeError("only scalars have an index")


class Single(float):
    """A float of another library, as numpy has them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Single({float(self)})"


RENDERED: list[tuple[Callable[[], Filter], str]] = [
    (lambda: F.kind == "image", 'kind = "image"'),
    (lambda: F.kind != "image", 'kind != "image"'),
    (lambda: F.width > 1024, "width > 1024"),
    (lambda: F.width >= 1024, "width >= 1024"),
    (lambda: F.width < 1024, "width < 1024"),
    (lambda: F.width <= 1024, "width <= 1024"),
    (lambda: 1024 <= F.width, "width >= 1024"),  # noqa: SIM300
    (lambda: F.width.between(5, 7.5), "width >= 5 AND width <= 7.5"),
    (F.thumbnail.exists, "thumbnail EXISTS"),
    (F.thumbnail.is_null, "thumbnail IS NULL"),
    (F.nsfw.is_empty, "nsfw IS EMPTY"),
    (lambda: ~F.nsfw.is_empty(), "NOT nsfw IS EMPTY"),
    (lambda: F.prompt.contains("a cat"), 'prompt CONTAINS "a cat"'),
    (lambda: F.prompt.starts_with("a cat"), 'prompt STARTS WITH "a cat"'),
    (lambda: F.kind.is_in("a", "b"), '(kind = "a" OR kind = "b")'),
    (lambda: F.kind.is_in(["a", "b"]), '(kind = "a" OR kind = "b")'),
    (lambda: F.kind.is_in(each for each in ("a", "b")), '(kind = "a" OR kind = "b")'),
    (lambda: F.kind.is_in("ab"), 'kind = "ab"'),
    (lambda: F.width.is_in(range(2)), "(width = 0 OR width = 1)"),
    (lambda: F.kind.not_in("a", "b"), 'NOT (kind = "a" OR kind = "b")'),
    (lambda: F.kind.not_in("a"), 'NOT kind = "a"'),
    (lambda: F.tags.contains_any("a", "b"), '(tags = "a" OR tags = "b")'),
    (lambda: F.tags.contains_any(("a", "b")), '(tags = "a" OR tags = "b")'),
    (lambda: F.tags.contains_any("a"), 'tags = "a"'),
    (lambda: F.tags.contains_all("a", "b"), 'tags = "a" AND tags = "b"'),
    (lambda: F.tags.contains_all({"a"}), 'tags = "a"'),
    (lambda: F.created_at > "x", 'createdAt > "x"'),
    (lambda: F.createdAt > "x", 'createdAt > "x"'),
    (lambda: F.training_images_number > 1, "trainingImagesNumber > 1"),
    (lambda: F["metadata.type"] == "x", 'metadata.type = "x"'),
    (lambda: F["created_at"] == "x", 'created_at = "x"'),
    (lambda: F["complianceMetadata.sub-processor"] == "x", 'complianceMetadata.sub-processor = "x"'),
    (lambda: F.complianceMetadata == "and", 'complianceMetadata = "and"'),
    (
        lambda: (F.kind == "image") & (F.width >= 1024) & F.tags.contains_any("a", "b") & ~F.nsfw.is_empty(),
        'kind = "image" AND width >= 1024 AND (tags = "a" OR tags = "b") AND NOT nsfw IS EMPTY',
    ),
]


@pytest.mark.parametrize(("build", "text"), RENDERED)
def test_rendering(build: Callable[[], Filter], text: str) -> None:
    """Each expression has one text, and prints it."""
    built = build()
    assert isinstance(built, Filter)
    assert str(built) == text
    assert text in repr(built) or repr(text) in repr(built)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("AND", '"AND"'),
        ('say "no"', '"say \\"no\\""'),
        ("it's", '"it\'s"'),
        ("back\\slash", '"back\\\\slash"'),
        ("\\n", '"\\\\n"'),
        ("\\", '"\\\\"'),
        (0, "0"),
        (-5, "-5"),
        (10**30, "1" + "0" * 30),
        (0.5, "0.5"),
        (-0.25, "-0.25"),
        (1e300, "1e300"),
        (1.5e-7, "1.5e-07"),
        (True, "true"),
        (False, "false"),
        (date(2024, 1, 2), '"2024-01-02"'),
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), '"2024-01-02T03:04:05.000Z"'),
        (datetime(2024, 1, 2, 3, 4, 5), '"2024-01-02T03:04:05.000Z"'),  # noqa: DTZ001
        (datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), '"2024-01-02T03:04:05.678Z"'),
        (datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), '"2024-01-02T03:04:05.678901Z"'),
        (datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=5))), '"2024-01-01T22:00:00.000Z"'),
        (Kind.IMAGE, '"image"'),
        (OldKind.IMAGE, '"image"'),
        (Loud("quiet"), '"quiet"'),
        (Size.LARGE, "1024"),
        (Index(7), "7"),
        (Single(0.5), "0.5"),
    ],
)
def test_values(value: Any, text: str) -> None:
    """Each kind of value has its spelling, in every place that takes one."""
    assert str(F.a == value) == f"a = {text}"
    assert str(F.a.is_in(value, value)) == f"(a = {text} OR a = {text})"
    assert str(F.a.between(value, value)) == f"a >= {text} AND a <= {text}"


@pytest.mark.parametrize(
    "value",
    [
        *(None, math.nan, math.inf, -math.inf, [], {}, b"x", object(), 1j, timedelta(1), F.b, int),
        Single("nan"),
        NoIndex(),
        pytest.param(10**5000, id="of 5001 digits"),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_values_that_are_refused(value: Any) -> None:
    """What the language cannot say is refused with the attribute and what was given."""
    compared: list[Callable[[], object]] = [
        lambda: F.width == value,
        lambda: F.width >= value,
        lambda: F.width.between(0, value),
        lambda: F.width.is_in(1, value),
        lambda: F.width.contains_all(1, value),
    ]
    for build in compared:
        with pytest.raises(InvalidSearchError, match=r"filter: width"):
            build()


class Vague(tzinfo):
    """A zone that does not know its offset."""

    def utcoffset(self, dt: datetime | None, /) -> None:
        """Not know."""

    dst = utcoffset

    def tzname(self, dt: datetime | None, /) -> str:
        """Have a name at least."""
        return "vague"


def test_a_moment_of_a_zone_without_an_offset_is_naive(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken as UTC, as Python calls it naive, and not as the time of the machine."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        text = str(F.created_at > datetime(2024, 5, 6, 7, tzinfo=Vague()))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert text == 'createdAt > "2024-05-06T07:00:00.000Z"'


@pytest.mark.parametrize("name", [None, 5, b"width", ["width"], {}])
def test_names_of_other_types_are_refused(name: Any) -> None:
    """An attribute's name is a text."""
    with pytest.raises(InvalidSearchError, match="filter: an attribute name is a "):
        _ = F[name]


@pytest.mark.parametrize("value", [b"ab", bytearray(b"ab"), F.width])
@pytest.mark.parametrize("method", ["is_in", "not_in", "contains_any", "contains_all"])
def test_bytes_are_not_taken_for_numbers(method: str, value: object) -> None:
    """Bytes are no text, and their numbers were not meant; an attribute's name has no items either."""
    with pytest.raises(InvalidSearchError, match="filter"):
        getattr(F.tags, method)(value)


@pytest.mark.parametrize("method", ["is_in", "not_in", "contains_any", "contains_all"])
@pytest.mark.parametrize("values", [(), ([],), (iter(()),)])
def test_no_values_are_refused(method: str, values: tuple[Any, ...]) -> None:
    """One of nothing is a mistake, and the method is named."""
    with pytest.raises(InvalidSearchError, match=rf"tags\.{method}"):
        getattr(F.tags, method)(*values)


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a=b", 'a"b', "a\n", "ä", "a,b", "(a)", "a:b", *["AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY"],
     "CONTAINS", "STARTS", "WITH", "_geoRadius", "_geoBoundingBox", "_geoPoint"],
)  # fmt: skip
def test_names_that_are_refused(name: str) -> None:
    """An attribute's name cannot smuggle in anything else."""
    with pytest.raises(InvalidSearchError, match="filter") as caught:
        _ = F[name]
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["AND", "NOT", "WITH"])
def test_keywords_as_attributes_are_refused(name: str) -> None:
    """The rule holds for both ways to name an attribute."""
    with pytest.raises(InvalidSearchError, match=name):
        getattr(F, name)


def test_private_names_are_attribute_errors() -> None:
    """Python's own protocols find nothing."""
    assert not hasattr(F, "__deepcopy__")
    with pytest.raises(AttributeError):
        _ = F._private


@pytest.mark.parametrize("name", ["and", "or", "not", "null", "AndMore", "a-b", "a.b", "0"])
def test_names_that_are_taken(name: str) -> None:
    """Keywords are upper case only; letters, digits and _ . - go through."""
    assert str(F[name] == 1) == f"{name} = 1"


UNTYPED: Any = F  # type checkers refuse what these tests try
LIES: list[Callable[[], object]] = [
    lambda: (F.a == 1) and (F.b == 2),
    lambda: (F.a == 1) or (F.b == 2),
    lambda: not UNTYPED.nsfw.is_empty(),
    lambda: 1 < F.a < 5,  # type: ignore[operator, unused-ignore]
    lambda: F.a == 1 == F.b,
    lambda: bool(F.a == 1),
    lambda: bool(F.a),
    lambda: not UNTYPED.a,
    lambda: "x" in F.tags,
    lambda: F.kind in ["image", "video"],
    lambda: F.kind in ("image", "video"),
    lambda: list(cast("Any", F.tags)),
    lambda: [1 for _ in cast("Any", F.tags)],
    lambda: 1 if UNTYPED.a == 1 else 2,
]


@pytest.mark.parametrize("build", LIES)
def test_what_would_lie_is_a_type_error(build: Callable[[], object]) -> None:
    """Python's own logic would drop a part of the condition, so it raises."""
    with pytest.raises(TypeError):
        build()


@pytest.mark.parametrize("other", ["a = 1", 1, True, None])
def test_filters_join_with_filters_only(other: Any) -> None:
    """A text beside a filter would not be put into parentheses, so it is refused."""
    with pytest.raises(TypeError):
        _ = (F.a == 1) & other
    with pytest.raises(TypeError):
        _ = (F.a == 1) | other
    with pytest.raises(TypeError):
        _ = other & (F.a == 1)


A, B, C = F.a == 1, F.b == 1, F.c == 1


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: A & B | C, "a = 1 AND b = 1 OR c = 1"),
        (lambda: A & (B | C), "a = 1 AND (b = 1 OR c = 1)"),
        (lambda: (A | B) & C, "(a = 1 OR b = 1) AND c = 1"),
        (lambda: ~(A & B) | C, "NOT (a = 1 AND b = 1) OR c = 1"),
        (lambda: ~(A | B) & C, "NOT (a = 1 OR b = 1) AND c = 1"),
        (lambda: ~A & ~B, "NOT a = 1 AND NOT b = 1"),
        (lambda: A & B & C, "a = 1 AND b = 1 AND c = 1"),
        (lambda: A | B | C, "a = 1 OR b = 1 OR c = 1"),
    ],
)
def test_parentheses(build: Callable[[], Filter], text: str) -> None:
    """Parentheses stand where the language needs them."""
    assert str(build()) == text


def test_a_text_of_ones_own_stands_in_parentheses() -> None:
    """Nobody knows how tightly it binds, so it stays together."""
    own = Filter("a = 1 OR b = 1")
    assert str(own) == "a = 1 OR b = 1"
    assert str(own & C) == "(a = 1 OR b = 1) AND c = 1"
    assert str(~own) == "NOT (a = 1 OR b = 1)"
    assert str(own | C) == "a = 1 OR b = 1 OR c = 1"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("kind = image) OR (kind = video", "the parenthesis at character 13 closes none"),
        ("(kind = image", "a parenthesis is not closed"),
        ('kind = "a', "the quote at character 8 is not closed"),
        ("kind = 'a\\'", "the quote at character 8 is not closed"),
    ],
)
def test_a_text_that_reaches_out_of_its_parentheses_is_refused(text: str, fault: str) -> None:
    """Joined, it would say something else than by itself."""
    joins: list[Callable[[Filter], Filter]] = [
        lambda one: one & (F.a == 1), lambda one: (F.a == 1) & one, lambda one: ~one,
    ]  # fmt: skip
    for join in joins:
        with pytest.raises(InvalidSearchError) as caught:
            join(Filter(text))
        assert caught.value.parameter == "filter"
        assert fault in str(caught.value)
    assert str(Filter(text)) == text


@pytest.mark.parametrize(
    "text", ["a = ')(' OR b = 1", 'a = "\\")" OR b = 1', "(a = 1) OR (b = 2)", "a = 1\nOR b = ''"]
)
def test_a_text_that_is_whole_is_joined(text: str) -> None:
    """What stands between quotes is text."""
    assert str(Filter(text) & (F.a == 1)) == f"({text}) AND a = 1"


def test_filters_are_values() -> None:
    """Equal texts are equal filters, with equal hashes; a filter pickles no differently from its text."""
    assert (F.a == 1) == (F.a == 1)
    assert hash(F.a == 1) == hash(F.a == 1)
    assert (F.a == 1) != (F.a == 2)


def test_a_filter_pickles_with_its_binding(repickle: Callable[[Any], Any]) -> None:
    """After a pickle a filter is still put into parentheses."""
    copied = repickle((F.a == 1) | (F.b == 1))
    assert str(copied & (F.c == 1)) == "(a = 1 OR b = 1) AND c = 1"


def test_a_filter_travels_as_its_text() -> None:
    """A search takes a filter in either form."""
    assert AssetSearch(filter=F.a == "x") == AssetSearch(filter='a = "x"')


# --- reading back: an independent reader of the language ---------------------------------------------------

_TOKEN: Final = re.compile(r'\s+|[()]|!=|>=|<=|[=<>]|"(?:\\.|[^"\\])*"|[A-Za-z0-9_.-]+', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_PLAIN: Final = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def tokens(text: str) -> list[str]:
    """Cut a filter into words, all of which the language knows."""
    found: list[str] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match, f"no word of the language at {text[place:]!r}"
        place = match.end()
        if not match[0].isspace():
            found.append(match[0])
    return found


def unquoted(word: str) -> str:
    """Read a quoted text as the language does."""
    assert word[0] == word[-1] == '"'

    def decoded(match: re.Match[str]) -> str:
        if match[3] is not None:
            return _PLAIN[match[3]]  # an unknown escape is an error there too
        return chr(int(match[1] or match[2], 16))

    return _ESCAPE.sub(decoded, word[1:-1])


TEXTS = st.text(max_size=30) | st.text(alphabet="\"\\'nrtux{}0\n\r\t() ANDORNOT=", max_size=30)


@QUICK
@given(text=TEXTS)
def test_any_text_is_read_back_as_itself(text: str) -> None:
    """Quotes, backslashes, keywords and newlines included, a text comes back as it was."""
    for built, operator in ((F.a == text, ["="]), (F.a != text, ["!="]), (F.a >= text, [">="])):
        words = tokens(str(built))
        assert words[:-1] == ["a", *operator]
        assert unquoted(words[-1]) == text
    assert unquoted(tokens(str(F.a.contains(text)))[-1]) == text
    assert unquoted(tokens(str(F.a.starts_with(text)))[-1]) == text


@QUICK
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_texts_in_a_list_are_read_back(texts: list[str]) -> None:
    """Several values stay several, and each itself."""
    words = tokens(str(F.a.contains_any(texts)))
    assert [unquoted(word) for word in words if word.startswith('"')] == texts


@QUICK
@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_any_number_is_read_back_as_itself(number: float) -> None:
    """A number is one bare word, and no digit is lost."""
    words = tokens(str(F.a > number))
    assert words[:2] == ["a", ">"]
    assert len(words) == 3
    assert type(number)(words[2]) == number


MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1))  # noqa: DTZ001


@QUICK
@given(naive=MOMENTS, hours=st.none() | st.integers(-12, 14))
def test_any_moment_is_read_back_as_itself(naive: datetime, hours: int | None) -> None:
    """A moment comes back as the same moment; a naive one is UTC."""
    moment = naive if hours is None else naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    text = unquoted(tokens(str(F.a > moment))[-1])
    assert text.endswith("Z")
    expected = naive.replace(tzinfo=UTC) if hours is None else moment
    assert datetime.fromisoformat(text) == expected


class Reader:
    """Tells whether a filter of comparisons `name = 1` holds, reading it by the language's precedence."""

    def __init__(self, text: str, holds: Mapping[str, bool]) -> None:
        self.words = tokens(text)
        self.holds = holds

    def read(self) -> bool:
        """Read the whole text."""
        result = self.either()
        assert not self.words
        return result

    def either(self) -> bool:
        """Read what `OR` joins, which binds the least."""
        result = self.both()
        while self.words[:1] == ["OR"]:
            del self.words[0]
            result = self.both() or result
        return result

    def both(self) -> bool:
        """Read what `AND` joins."""
        result = self.single()
        while self.words[:1] == ["AND"]:
            del self.words[0]
            result = self.single() and result
        return result

    def single(self) -> bool:
        """Read a negation, a pair of parentheses, or a comparison."""
        word = self.words.pop(0)
        if word == "NOT":
            return not self.single()
        if word == "(":
            result = self.either()
            assert self.words.pop(0) == ")"
            return result
        assert self.words.pop(0) == "="
        assert self.words.pop(0) == "1"
        return self.holds[word]


EXPRESSIONS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from("abc"),
    lambda inner: st.tuples(st.just("~"), inner) | st.tuples(st.sampled_from("&|"), inner, inner),
    max_leaves=12,
)


def built_of(expression: Any) -> Filter:
    """Build a filter of an expression."""
    if isinstance(expression, str):
        return F[expression] == 1
    if expression[0] == "~":
        return ~built_of(expression[1])
    left, right = built_of(expression[1]), built_of(expression[2])
    return left & right if expression[0] == "&" else left | right


def truth_of(expression: Any, holds: Mapping[str, bool]) -> bool:
    """Tell whether an expression holds."""
    if isinstance(expression, str):
        return holds[expression]
    if expression[0] == "~":
        return not truth_of(expression[1], holds)
    left, right = truth_of(expression[1], holds), truth_of(expression[2], holds)
    return (left and right) if expression[0] == "&" else (left or right)


@QUICK
@given(expression=EXPRESSIONS)
def test_any_combination_means_what_it_says(expression: Any) -> None:
    """Read with the language's precedence, a filter holds exactly where the expression does."""
    text = str(built_of(expression))
    for number in range(8):
        holds = {name: bool(number >> place & 1) for place, name in enumerate("abc")}
        assert Reader(text, holds).read() is truth_of(expression, holds)


def test_the_place_where_filters_begin_cannot_be_written_to() -> None:
    """An assignment in place of a comparison is an error at once."""
    with pytest.raises(AttributeError):
        F.kind = "image"  # type: ignore[misc, assignment] # pyright: ignore[reportAttributeAccessIssue]
    assert str(F.kind == "image") == 'kind = "image"'


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (F.created_at.desc, "createdAt:desc"),
        (F.createdAt.asc, "createdAt:asc"),
        (F["metadata.type"].asc, "metadata.type:asc"),
    ],
)
def test_an_attribute_tells_how_to_sort_by_it(order: Callable[[], str], text: str) -> None:
    """As the text that travels, with the service's spelling of the name."""
    assert order() == text
    assert type(order()) is str


def test_a_filter_is_a_type_of_pydantics_fields() -> None:
    """It takes a filter or a text, travels as its text, and JSON schemas call it a string."""
    pydantic = pytest.importorskip("pydantic", minversion="2")
    field = pydantic.TypeAdapter(Filter)
    built = (F.a == "x") | (F.b == 1)
    assert field.validate_python(built) is built
    assert field.validate_python(str(built)) == built
    assert field.dump_python(built) == 'a = "x" OR b = 1'
    assert field.validate_json(field.dump_json(built)) == built
    assert str(field.validate_json(field.dump_json(built)) & C) == '(a = "x" OR b = 1) AND c = 1'
    assert {field.json_schema(mode=mode)["type"] for mode in ("validation", "serialization")} == {"string"}


@pytest.mark.parametrize("given", [None, 5, b"a = 1", F.a, ["a = 1"], "\ud800"])
def test_pydantic_tells_why_a_filter_is_refused(given: object) -> None:
    """What is no filter is pydantic's own error, with our words."""
    pydantic = pytest.importorskip("pydantic", minversion="2")
    with pytest.raises(pydantic.ValidationError, match="filter is "):
        pydantic.TypeAdapter(Filter).validate_python(given)


def test_a_web_service_takes_a_filter() -> None:
    """FastAPI reads it from the URL, and describes it as a text."""
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    def search(condition: Filter) -> str:
        return str(condition)

    search.__annotations__ = {"condition": Filter, "return": str}
    app.get("/search")(search)
    (described,) = app.openapi()["paths"]["/search"]["get"]["parameters"]
    assert (described["in"], described["name"], described["schema"]["type"]) == (
        "query",
        "condition",
        "string",
    )


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "3 days ago",
        "last week",
        "June 2024",
        "1.6.2024",
        "06/01/24",
        "2024/06/01",
        "20240601",
        "7d",
    ],
)
def test_dates_are_compared_with_dates(value: str) -> None:
    """By order, other forms of a date would silently find nothing or everything: the right ones are told."""
    told = r"filter: updatedAt is a date, and '.*' is none that the service reads; compare it with a datetime or a date, or with a text such as"
    builds: list[Callable[[], object]] = [
        lambda: F.updated_at > value,
        lambda: F["updatedAt"] <= value,
        lambda: F.updated_at.between(value, "2025"),
    ]
    for build in builds:
        with pytest.raises(InvalidSearchError, match=told):
            build()
    assert str(F.updated_at == value).startswith("updatedAt = ")


@pytest.mark.parametrize(
    "value", ["2024", "2024-06", "2024-06-01", "2024-06-01T12:00:00Z", "2024-06-01 12:00", date(2024, 6, 1)]
)
def test_texts_that_are_dates(value: str | date) -> None:
    """Any beginning of a timestamp can be compared with one."""
    assert str(F.created_at >= value) == f'createdAt >= "{value}"'


@pytest.mark.parametrize(
    ("within", "name", "hint"),
    [
        (F.metadata, "width", "write F.width"),
        (F.metadata, "model_id", "write F.model_id"),
        (F.metadata, "type", 'write F["metadata.type"]'),
        (F.compliance_metadata, "model_provider", 'write F["complianceMetadata.modelProvider"]'),
        (F.width, "conatins", "did you mean contains?"),
    ],
)
def test_attributes_of_attributes(within: Field, name: str, hint: str) -> None:
    """What stands within another in a hit has no such place in a filter: the way to write it is told."""
    with pytest.raises(AttributeError) as caught:
        getattr(within, name)
    assert str(caught.value).endswith(f": {hint}")
