"""Scalars of numpy and pandas in filters: they count as the Python values that they are, and no digit is lost."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenario_async import F, InvalidSearchError

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = settings(max_examples=120, deadline=None)
TOKYO = timezone(timedelta(hours=9))


class Timestamp(datetime):
    """A moment with nanoseconds, as pandas has them: its methods round, warn and refuse."""

    nanosecond = 0

    @classmethod
    def of(cls, moment: datetime, nanosecond: int) -> Timestamp:
        """Make one of a moment and the nanoseconds that follow it."""
        made = cls.fromisoformat(moment.isoformat())
        made.nanosecond = nanosecond
        return made

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """Give another text than expected."""
        raise AssertionError

    def replace(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        raise AssertionError

    def astimezone(self, tz: Any = None) -> Any:
        """Refuse."""
        raise AssertionError


class NotATime(datetime):
    """No moment, which is a datetime all the same, as pandas' NaT."""

    __hash__ = datetime.__hash__

    def _false(self, _: object) -> bool:
        return False

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _false

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """Give what would be a wrong text in a filter."""
        return "NaT"


def compared(value: Any) -> str:
    """Give how a value is spelled, which is the same in every place that takes one."""
    text = str(F.a == value).removeprefix("a = ")
    assert str(F.a.is_in([value, value])) == f"(a = {text} OR a = {text})"
    assert str(F.a.between(value, value)) == f"a >= {text} AND a <= {text}"
    return text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.bool_(1), "true"),
        (np.bool_(0), "false"),
        (np.int64(-5), "-5"),
        (np.uint64(2**64 - 1), "18446744073709551615"),
        (np.int8(7), "7"),
        (np.float64(0.1), "0.1"),
        (np.float32(0.5), "0.5"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.float16(2.5), "2.5"),
        (np.str_('a "cat"'), '"a \\"cat\\""'),
        (np.array(5), "5"),
        (np.datetime64("2024"), '"2024-01-01"'),
        (np.datetime64("2024-03"), '"2024-03-01"'),
        (np.datetime64("2024-03-04"), '"2024-03-04"'),
        (np.datetime64("2024-03-04T05"), '"2024-03-04T05:00:00.000Z"'),
        (np.datetime64("2024-03-04T05:06:07"), '"2024-03-04T05:06:07.000Z"'),
        (np.datetime64("2024-03-04T05:06:07.891"), '"2024-03-04T05:06:07.891Z"'),
        (np.datetime64("2024-03-04T05:06:07.891234"), '"2024-03-04T05:06:07.891234Z"'),
        (np.datetime64("2024-03-04T05:06:07.891234567"), '"2024-03-04T05:06:07.891234567Z"'),
        (np.datetime64("2024-03-04T05:06:07", "ns"), '"2024-03-04T05:06:07.000Z"'),
        (Timestamp.of(datetime(2024, 3, 4, 5, 6, 7, 891234), 0), '"2024-03-04T05:06:07.891234Z"'),  # noqa: DTZ001
        (Timestamp.of(datetime(2024, 3, 4, 5, tzinfo=TOKYO), 5), '"2024-03-03T20:00:00.000000005Z"'),
        # Others count all nanoseconds of the second.
        (
            Timestamp.of(datetime(2024, 3, 4, 5, 6, 7, 891234, tzinfo=UTC), 891234567),
            '"2024-03-04T05:06:07.891234567Z"',
        ),
    ],
)  # fmt: skip
def test_scalars_are_spelled_as_python_values(value: Any, text: str) -> None:
    """Truth, numbers, texts and moments; numpy's moments are UTC, and nanoseconds are kept."""
    assert compared(value) == text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "cannot be compared with None"),
        (NotATime(2024, 1, 1), "cannot be compared with NaT"),
        (np.datetime64("NaT", "D"), "cannot be compared with NaT"),
        (np.datetime64("NaT", "ns"), "cannot be compared with NaT"),
        (float("nan"), "cannot be compared with nan"),
        (np.float64("nan"), "cannot be compared with nan"),
        (np.float32("nan"), "cannot be compared with nan"),
        (np.float16("-inf"), "cannot be compared with -inf"),
        (np.datetime64(10**7, "D"), "29349-01-26, which in UTC is no year from 1 to 9999"),
        (np.datetime64(10**13, "s"), "is no year from 1 to 9999"),
        (np.datetime64(-(10**12), "s"), "is no year from 1 to 9999"),
        (np.timedelta64(5, "D"), "a wrong type, timedelta64"),
        (np.timedelta64(5, "ns"), "a wrong type, timedelta64"),
        (np.complex64(1), "a wrong type, complex64"),
        (np.longdouble(1), "a wrong type, longdouble"),
        (np.bytes_(b"x"), "a wrong type, bytes_"),
        (np.array([5]), "a wrong type, ndarray"),
        (np.array([1, 2]), "a wrong type, ndarray"),
        (np.array(None), "a wrong type, ndarray"),
    ],
)
def test_what_is_no_value_is_refused(value: Any, told: str) -> None:
    """What stands for nothing, what no filter can say, and arrays: each is named, with the attribute."""
    builds: list[Callable[[], object]] = [lambda: F.created_at >= value, lambda: F.created_at == value]
    for build in builds:
        with pytest.raises(InvalidSearchError, match=told) as caught:
            build()
        assert str(caught.value).startswith("filter: createdAt ")
        assert caught.value.parameter == "filter"


def test_who_compares_with_nothing_is_told_what_to_ask_instead() -> None:
    """The way out stands in the message."""
    for nothing in (None, NotATime(2024, 1, 1), np.datetime64("NaT", "s")):
        with pytest.raises(InvalidSearchError, match=r"`is_null\(\)` and `is_empty\(\)` ask for what has no"):
            _ = F.created_at == nothing  # type: ignore[operator, unused-ignore]


UNTYPED: Any = F  # numpy's stubs know nothing of reflected comparisons
LEFT: list[tuple[Callable[[], object], str]] = [
    (lambda: np.int64(5) <= UNTYPED.a, "a >= 5"),
    (lambda: np.float32(0.5) > UNTYPED.a, "a < 0.5"),
    (lambda: np.bool_(1) == UNTYPED.a, "a = true"),
    (lambda: np.str_("x") != UNTYPED.a, 'a != "x"'),
    (lambda: np.datetime64("2024-03-04") < UNTYPED.a, 'a > "2024-03-04"'),
    (lambda: np.datetime64("2024-03-04", "ns") < UNTYPED.a, 'a > "2024-03-04T00:00:00.000Z"'),
]


@pytest.mark.parametrize(("build", "text"), LEFT)
def test_scalars_may_stand_on_the_left(build: Callable[[], object], text: str) -> None:
    """Numpy leaves the comparison to the attribute."""
    assert str(build()) == text


def test_arrays_are_lists_of_values() -> None:
    """Where several values are taken, an array gives its items; a comparison with one is refused on both sides."""
    assert str(F.a.is_in(np.array([1, 2]))) == "(a = 1 OR a = 2)"
    assert str(F.a.contains_all(np.array(["x", "y"]))) == 'a = "x" AND a = "y"'
    with pytest.raises(InvalidSearchError, match="ndarray"):
        _ = np.array([1, 2]) == UNTYPED.a


@QUICK
@given(number=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_any_float_of_32_bits_is_read_back_as_itself(number: float) -> None:
    """What is read back is the very same number in both widths."""
    text = compared(np.float32(number))
    assert float(text) == number
    assert np.float32(text) == np.float32(number)


@QUICK
@given(number=st.integers(-(2**63), 2**63 - 1))
def test_any_integer_of_64_bits_is_read_back_as_itself(number: int) -> None:
    """Numpy's whole numbers are Python's."""
    assert int(compared(np.int64(number))) == number


FINE = st.tuples(st.integers(-(2**62), 2**62), st.sampled_from(["ns", "ps", "as"]))
MICROSECONDS = st.tuples(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999), st.just("us"))


@QUICK
@given(ticks=FINE | MICROSECONDS)
def test_any_moment_of_numpy_is_read_back_as_itself(ticks: tuple[int, Any]) -> None:
    """Numpy reads the text as the same moment, to the last digit."""
    count, unit = ticks
    moment = np.datetime64(count, unit)
    text = compared(moment)
    assert text[:1] + text[-2:] == '"Z"'
    assert np.datetime64(text[1:-2]).astype(f"datetime64[{unit}]") == moment


MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, TOKYO]),
)


@QUICK
@given(moment=MOMENTS, nanosecond=st.integers(0, 999))
def test_any_timestamp_is_read_back_as_itself(moment: datetime, nanosecond: int) -> None:
    """Its first digits are the moment in UTC, and the last three its nanoseconds."""
    text = compared(Timestamp.of(moment, nanosecond)).strip('"Z')
    assert datetime.fromisoformat(text[:26]).replace(tzinfo=UTC) == moment
    assert int(text[26:] or "0") == nanosecond


def test_pandas_scalars() -> None:
    """The real ones: moments with zones and nanoseconds, and the two that stand for nothing."""
    pandas: Any = pytest.importorskip("pandas")
    moment = pandas.Timestamp("2024-03-04T05:06:07.891234567", tz="Asia/Tokyo")
    assert compared(moment) == '"2024-03-03T20:06:07.891234567Z"'
    assert compared(pandas.Timestamp("2024-03-04")) == '"2024-03-04T00:00:00.000Z"'
    assert str(moment <= F.a) == 'a >= "2024-03-03T20:06:07.891234567Z"'
    assert str(F.a.is_in(pandas.Series([1.5, 2]))) == "(a = 1.5 OR a = 2.0)"
    assert str(F.a.is_in(pandas.Series([True]))) == "a = true"
    assert str(F.a.is_in(pandas.to_datetime(["2024-03-04"]))) == 'a = "2024-03-04T00:00:00.000Z"'
    for nothing, name in ((pandas.NaT, "NaT"), (pandas.NA, "<NA>")):
        with pytest.raises(InvalidSearchError, match=f"createdAt cannot be compared with {name}"):
            _ = F.created_at >= nothing
        with pytest.raises(InvalidSearchError, match=f"createdAt cannot be compared with {name}"):
            _ = nothing == F.created_at
    for wrong in (pandas.Timedelta(1), pandas.Series([1]), pandas.Period("2024")):
        with pytest.raises(InvalidSearchError, match="a wrong type"):
            _ = F.width == wrong


def test_days_of_derived_classes_are_days() -> None:
    """What such a class makes of its text does not matter."""

    class Day(date):
        """A day that shows itself in another way."""

        def isoformat(self) -> str:
            """Give another text than expected."""
            return "some day"

    assert compared(Day(2024, 3, 4)) == '"2024-03-04"'


def test_filters_load_no_other_package() -> None:
    """Neither numpy nor pandas nor pydantic is imported, though their values and fields are known."""
    program = (
        "import sys; from scenario_async import F, Filter, Images\n"
        "class Scalar:\n"
        "    dtype = type('', (), {'kind': 'i'}); ndim = 0\n"
        "    def item(self): return 7\n"
        "assert str(F.a == Scalar()) == 'a = 7'\n"
        "print(sorted({'numpy', 'pandas', 'pydantic', 'pydantic_core'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
