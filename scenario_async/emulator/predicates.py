"""Filter trees, and the predicates over records that they become.

What a test means follows Meilisearch, which the service passes its filters to: on a list any element may
match, texts compare without regard to case, a value that reads as a number is compared with numbers as a
number and with texts as a text, and `NOT` and `!=` hold for records without the attribute.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias, cast

import attrs

from scenario_async.emulator.attributes import MISSING, Path, Record, value_at
from scenario_async.emulator.errors import bad_request

Facet: TypeAlias = str | int | float
Predicate: TypeAlias = Callable[[Record], bool]
ValueTest: TypeAlias = Callable[[object], bool]


@attrs.frozen
class Condition:
    """One attribute put to one test; the values are texts, unescaped."""

    attribute: str
    test: str
    values: tuple[str, ...] = ()
    line: int = 1
    column: int = 1
    depth: int = 0


@attrs.frozen
class Negation:
    """What holds where its operand does not."""

    operand: "Node"
    depth: int


@attrs.frozen
class Group:
    """Several operands, of which all must hold (`every`) or one."""

    every: bool
    operands: tuple["Node", ...]
    depth: int


Node: TypeAlias = Condition | Negation | Group

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ORDERINGS: Final[Mapping[str, Callable[[Facet, Facet], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def compile_filter(node: Node, filterable: Mapping[str, Path]) -> Predicate:
    """Make the predicate of a filter; an attribute that is not filterable is a 400 that lists those that are."""
    match node:
        case Negation():
            inner = compile_filter(node.operand, filterable)
            return lambda record: not inner(record)
        case Group():
            operands = [compile_filter(operand, filterable) for operand in node.operands]
            if node.every:
                return lambda record: all(operand(record) for operand in operands)
            return lambda record: any(operand(record) for operand in operands)
        case Condition():
            if (path := filterable.get(node.attribute)) is None:
                raise bad_request(
                    f"Attribute `{node.attribute}` is not filterable (line {node.line}, column {node.column}). "
                    f"Available filterable attributes are: {', '.join(f'`{name}`' for name in sorted(filterable))}."
                )
            holds = _value_test(node)
            return lambda record: holds(value_at(record, path))


def _value_test(condition: Condition) -> ValueTest:  # noqa: PLR0911 - one return an operator
    """Give the test of an attribute's value, which may be `MISSING`."""
    values = [_fold(value) for value in condition.values]
    match condition.test:
        case "EXISTS":
            return lambda value: value is not MISSING
        case "NULL":
            return lambda value: value is None
        case "EMPTY":
            return lambda value: value in ("", [], {})
        case "=" | "IN":
            return _any_facet(_equal_to_one_of(values))
        case "CONTAINS":
            return _any_facet(lambda facet: isinstance(facet, str) and values[0] in facet)
        case "STARTS":
            return _any_facet(lambda facet: isinstance(facet, str) and facet.startswith(values[0]))
        case "TO":
            least, most = _bound(">=", values[0]), _bound("<=", values[1])
            return _any_facet(lambda facet: least(facet) and most(facet))
        case ordering:
            return _any_facet(_bound(ordering, values[0]))


def _fold(text: str) -> str:
    return text.casefold()


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _equal_to_one_of(values: list[str]) -> Callable[[Facet], bool]:
    texts = frozenset(values)
    numbers = frozenset(number for value in values if (number := _number(value)) is not None)
    return lambda facet: facet in (texts if isinstance(facet, str) else numbers)


def _bound(ordering: str, bound: str) -> Callable[[Facet], bool]:
    holds, number = _ORDERINGS[ordering], _number(bound)

    def within(facet: Facet) -> bool:
        if isinstance(facet, str):
            return holds(facet, bound)
        return number is not None and holds(facet, number)

    return within


def _any_facet(holds: Callable[[Facet], bool]) -> ValueTest:
    return lambda value: any(map(holds, _facets(value)))


def _facets(value: object) -> Iterator[Facet]:
    """Give what comparisons see of a value: texts folded, booleans as texts, each element of a list."""
    match value:
        case str():
            yield _fold(value)
        case bool():
            yield "true" if value else "false"
        case int() | float():
            yield value
        case list():
            for item in cast("list[object]", value):
                yield from _facets(item)
        case _:
            return
