"""A filter put to a whole table at once."""

from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from scenario_async.emulator.attributes import Path
from scenario_async.emulator.columns import Attribute, Column, Mask
from scenario_async.emulator.conditions import Condition, Group, Negation, Node
from scenario_async.emulator.errors import bad_request, shortened
from scenario_async.emulator.table import Table


def matching(node: Node, filterable: Mapping[str, Path], table: Table) -> Mask:
    """Tell of each position whether it passes; an attribute that is not filterable is a 400 that lists those that are."""
    attributes: dict[str, Attribute] = {}
    for condition in _conditions(node):
        if condition.attribute not in attributes:
            attributes[condition.attribute] = _attribute(condition, filterable)
    columns = {name: table.column(each, *attributes.values()) for name, each in attributes.items()}
    return _Filter(columns).passing(node)


@attrs.frozen
class _Filter:
    """Puts nodes to the columns of their attributes, those of one attribute together."""

    columns: Mapping[str, Column]

    def passing(self, node: Node) -> Mask:
        """Tell of each position whether it passes."""
        match node:
            case Condition():
                return self.columns[node.attribute].where([node], every=True)
            case Negation():
                return ~self.passing(node.operand)
            case Group():
                return self._combined(node)

    def _combined(self, group: Group) -> Mask:
        combine = np.logical_and if group.every else np.logical_or
        passed: Mask | None = None
        for part in self._parts(group):
            passed = part if passed is None else combine(passed, part, out=passed)
            # Nothing that comes can change it any more.
            if not passed.any() if group.every else passed.all():
                break
        assert passed is not None  # noqa: S101 - a group has operands
        return passed

    def _parts(self, group: Group) -> Iterator[Mask]:
        """Give the masks that a group combines: those of an attribute's conditions as one, and of the others."""
        asserted: dict[str, list[Condition]] = {}
        denied: dict[str, list[Condition]] = {}
        others: list[Node] = []
        for operand in group.operands:
            match operand:
                case Condition():
                    asserted.setdefault(operand.attribute, []).append(operand)
                case Negation(operand=Condition() as condition):
                    denied.setdefault(condition.attribute, []).append(condition)
                case _:
                    others.append(operand)
        for name, conditions in asserted.items():
            yield self.columns[name].where(conditions, every=group.every)
        for name, conditions in denied.items():
            # What is denied one by one is denied of any of them, or of all together.
            yield ~self.columns[name].where(conditions, every=not group.every)
        for operand in others:
            yield self.passing(operand)


def _conditions(node: Node) -> Iterator[Condition]:
    left: list[Node] = [node]
    while left:
        match left.pop():
            case Condition() as condition:
                yield condition
            case Negation(operand=operand):
                left.append(operand)
            case Group(operands=operands):
                left.extend(reversed(operands))


def _attribute(condition: Condition, filterable: Mapping[str, Path]) -> Attribute:
    if (path := filterable.get(condition.attribute)) is None:
        raise bad_request(
            f"Attribute `{shortened(condition.attribute)}` is not filterable "
            f"(line {condition.line}, column {condition.column}). "
            f"Available filterable attributes are: {', '.join(f'`{name}`' for name in sorted(filterable))}."
        )
    return Attribute(path)
