"""What must hold for whatever a filter is built of: it is refused with our own error, or read back as what was built.

What reads it back is the emulator's parser, which shares nothing with the client.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, cast

from fuzzing.replies import check_error
from fuzzing.taking import Taker

from scenario_async import F, Filter, InvalidSearchError
from scenario_async.emulator.conditions import Condition, Group, Negation, Node
from scenario_async.emulator.filters import parse_filter
from scenario_async.filters import Field

if TYPE_CHECKING:
    from collections.abc import Callable

_ALL: Final = 2**64 - 1


def build_filter(data: bytes) -> None:
    """A filter is read back as what was built: alike in 64 worlds, in each of which other conditions hold."""
    taker = Taker(data)
    try:
        built, worlds = _condition(taker)
        for _ in range(taker.byte() % 8):
            built, worlds = _combined(taker, built, worlds)
    except InvalidSearchError as error:
        check_error(error)
        return
    assert _worlds_of(parse_filter(str(built))) == worlds, built
    assert repr(built)


def _condition(taker: Taker) -> tuple[Filter, int]:
    field, name = taker.pick(
        ((F.width, "width"), (F["metadata.type"], "metadata.type"), (F.created_at, "createdAt"))
    )
    values = [taker.literal() for _ in range(taker.byte() % 3 + 1)]
    texts = [spelled(value) for value in values]
    low, high = _ordered(values[0], values[-1])
    one, several = (texts[0],), [_worlds("=", name, (text,)) for text in texts]
    every, some = _ALL, 0
    for each in several:
        every, some = every & each, some | each
    tests: tuple[tuple[Callable[[], Filter], int], ...] = (
        (lambda: field == values[0], _worlds("=", name, one)),
        (lambda: field != values[0], _ALL ^ _worlds("=", name, one)),
        (lambda: field < values[0], _worlds("<", name, one)),
        (lambda: field >= values[0], _worlds(">=", name, one)),
        (lambda: field.starts_with(cast("str", values[0])), _worlds("STARTS", name, one)),
        (lambda: field.contains(cast("str", values[0])), _worlds("CONTAINS", name, one)),
        (lambda: field.is_in(values), some),
        (lambda: field.not_in(*values), _ALL ^ some),
        (lambda: field.contains_all(values), every),
        (
            lambda: field.between(low, high),
            _worlds(">=", name, (spelled(low),)) & _worlds("<=", name, (spelled(high),)),
        ),
        (field.exists, _worlds("EXISTS", name, ())),
        (field.is_empty, _worlds("EMPTY", name, ())),
    )
    make, worlds = taker.pick(tests)
    return make(), worlds


def _ordered(first: Any, last: Any) -> tuple[Any, Any]:
    """Give two values as `between` takes them, which refuses those in the wrong order."""
    try:
        F.width.between(first, last)
    except InvalidSearchError as error:
        if "nothing lies there" in str(error):
            return last, first
    return first, last


def _combined(taker: Taker, built: Filter, worlds: int) -> tuple[Filter, int]:
    how = taker.byte() % 3
    if how == 0:
        return ~built, _ALL ^ worlds
    other, more = _condition(taker)
    return (built & other, worlds & more) if how == 1 else (other | built, worlds | more)


def spelled(value: object) -> str:  # noqa: PLR0911 - one for each type
    """Spell a value as a filter has to; what has no spelling gets one that is never compared."""
    match value:
        case str():
            return "".join(value)
        case bool():
            return "true" if value else "false"
        case datetime():
            known = value if value.utcoffset() is not None else value.replace(tzinfo=UTC)
            try:
                moment = known.astimezone(UTC)
            except (OverflowError, ValueError):
                return "beyond all years"
            fraction = f"{moment.microsecond:06}"
            day, clock = spelled(moment.date()), f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
            return f"{day}T{clock}.{fraction.removesuffix('000')}Z"
        case date():
            return f"{value.year:04}-{value.month:02}-{value.day:02}"
        case int():
            return f"{int(value)}" if abs(value) < 10**4300 else "too long to be written"
        case _:
            return repr(value).replace("e+", "e")


def _worlds(test: str, attribute: str, values: tuple[str, ...]) -> int:
    """Give the worlds in which a condition holds, a bit for each: half of them, and others for each condition."""
    content = repr((test, attribute, values)).encode()
    return int.from_bytes(blake2b(content, digest_size=8).digest())


def _worlds_of(node: Node) -> int:
    match node:
        case Condition():
            return _worlds(node.test, node.attribute, node.values)
        case Negation():
            return _ALL ^ _worlds_of(node.operand)
        case Group():
            worlds = _ALL if node.every else 0
            for operand in node.operands:
                worlds = worlds & _worlds_of(operand) if node.every else worlds | _worlds_of(operand)
            return worlds


def name_attribute(data: bytes) -> None:
    """Any name is refused, or read back as that name; any value is refused, or makes a filter."""
    taker = Taker(data)
    name, value = taker.pick((taker.text, taker.anything))(), taker.anything()
    try:
        field = Field(name)
    except InvalidSearchError as error:
        check_error(error)
    else:
        assert parse_filter(str(field.exists())) == Condition(name, "EXISTS")
    for make in (F.width.__eq__, F.width.contains_any, F.width.not_in, F.width.starts_with):
        try:
            made = make(value)
        except InvalidSearchError as error:
            check_error(error)
        else:
            parse_filter(str(made))
