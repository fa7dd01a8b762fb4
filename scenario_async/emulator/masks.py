"""A filter put to a whole table at once."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import numpy as np

from scenario_async.emulator.attributes import Path
from scenario_async.emulator.columns import Attribute, Mask
from scenario_async.emulator.conditions import Condition, Group, Negation, Node
from scenario_async.emulator.errors import bad_request, shortened
from scenario_async.emulator.table import Table


def matching(node: Node, filterable: Mapping[str, Path], table: Table) -> Mask:
    """Tell of each position whether it passes; an attribute that is not filterable is a 400 that lists those that are."""
    attributes = [_attribute(condition, filterable) for condition in _conditions(node)]
    return _passing(node, iter(attributes), attributes, table)


def _passing(node: Node, left: Iterator[Attribute], attributes: Sequence[Attribute], table: Table) -> Mask:
    """Put a node to the table; `left` are the attributes of its conditions and of those behind it."""
    match node:
        case Condition():
            return table.column(next(left), *attributes).where(node)
        case Negation():
            return ~_passing(node.operand, left, attributes, table)
        case Group():
            combine = np.logical_and if node.every else np.logical_or
            # One after the other, as there may be thousands.
            return reduce(combine, (_passing(operand, left, attributes, table) for operand in node.operands))


def _conditions(node: Node) -> Iterator[Condition]:
    match node:
        case Condition():
            yield node
        case Negation():
            yield from _conditions(node.operand)
        case Group():
            for operand in node.operands:
                yield from _conditions(operand)


def _attribute(condition: Condition, filterable: Mapping[str, Path]) -> Attribute:
    if (path := filterable.get(condition.attribute)) is None:
        raise bad_request(
            f"Attribute `{shortened(condition.attribute)}` is not filterable "
            f"(line {condition.line}, column {condition.column}). "
            f"Available filterable attributes are: {', '.join(f'`{name}`' for name in sorted(filterable))}."
        )
    return Attribute(path)
