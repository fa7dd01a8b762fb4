"""Filter texts to filter trees, in one pass from left to right.

The grammar is Meilisearch's, blanks included: before a name or a value any white space of Unicode may stand,
elsewhere only spaces, tabs and line breaks; `STARTS WITH` has exactly one space. Keywords are uppercase, NOT
binds tighter than AND, AND tighter than OR.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from typing import Final, NoReturn

from scenario_async.emulator.conditions import BLANKS, Condition, Group, Negation, Node
from scenario_async.emulator.errors import ServiceError, bad_request, shortened
from scenario_async.emulator.quoting import unknown_escape, unquoted

MOST_LEVELS: Final = 150
"""How deep a filter may nest: a NOT is one level, parentheses are four."""

_PARENTHESES: Final = 4
# What stands at the top is on the third level already.
_TOP: Final = 3
_KEYWORDS: Final = frozenset(
    {"AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH"}
)
_PLACES: Final = frozenset(
    {"_geo", "_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geoPoint", "_geoDistance"}
)
_RESERVED: Final = _KEYWORDS | _PLACES
_VALUES: Final = ("a quoted text", "a word")
_TESTS: Final = ("CONTAINS", "EXISTS", "IN", "IS", "NOT", "STARTS WITH", "a comparison", *_VALUES)

_WORD: Final = r"[\w.\-]++"
_END: Final = r"(?![\w.\-])"
_GAP: Final = r"[ \t\r\n]*+"
_BLANK: Final = r"[ \t\r\n]++"
_TEXT: Final = rf"""({_WORD}|"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')"""
_VALUE: Final = re.compile(rf"[{BLANKS}]*+{_TEXT}{_GAP}", re.DOTALL)
_BEFORE_VALUE: Final = re.compile(f"[{BLANKS}]*+")
_COMPARISON: Final = re.compile(
    rf"[{BLANKS}]*+{_TEXT}{_GAP}([<>]=?|!=|=)[{BLANKS}]*+{_TEXT}{_GAP}", re.DOTALL
)
_NOT: Final = re.compile(rf"{_GAP}NOT{_END}{_GAP}")
_OPENING: Final = re.compile(rf"{_GAP}\({_GAP}")
_CLOSING: Final = re.compile(rf"{_GAP}\){_GAP}")
_AND: Final = re.compile(rf"{_GAP}AND{_END}{_GAP}")
_OR: Final = re.compile(rf"{_GAP}OR{_END}{_GAP}")
_SPACE: Final = re.compile(_GAP)
_TEST: Final = re.compile(
    rf"IS{_BLANK}(?P<is_not>NOT{_BLANK})?(?:(?P<null>NULL)|(?P<empty>EMPTY))|(?P<not>NOT{_BLANK})?(?:"
    rf"(?P<exists>EXISTS)|(?P<listed>IN{_END}{_GAP}\[)|(?P<contains>CONTAINS)|(?P<starts>STARTS WITH)|"
    rf"(?P<ends>ENDS{_BLANK}WITH{_END}))"
)
_TESTED: Final = {
    "null": "NULL",
    "empty": "EMPTY",
    "exists": "EXISTS",
    "contains": "CONTAINS",
    "starts": "STARTS",
}
_COMMA: Final = re.compile(rf"{_GAP},{_GAP}")
_LIST_END: Final = re.compile(rf"{_GAP}\]{_GAP}")
_TO: Final = re.compile(rf"TO{_BLANK}")
_TO_ALONE: Final = re.compile(rf"TO{_END}")
_OPERATOR: Final = re.compile("[<>]=?|!=|=")
_BEGUN: Final = re.compile(rf"(IS{_BLANK}NOT|NOT{_BLANK}IN|NOT{_BLANK}STARTS|IS|NOT|IN|STARTS){_END}")
_SHOWN: Final = re.compile(rf"{_WORD}|[<>]=?|!=|.", re.DOTALL)
# What can follow the last word of what was begun and not finished.
_FOLLOWING: Final = {
    "IS": ("EMPTY", "NOT", "NULL"),
    "IS NOT": ("EMPTY", "NULL"),
    "IN": ("[",),
    "NOT IN": ("[",),
    "STARTS": ("WITH after one space",),
    "NOT STARTS": ("WITH after one space",),
    "NOT": ("CONTAINS", "EXISTS", "IN", "STARTS WITH"),
}


def parse_filter(text: str) -> Node:
    """Read a filter; a faulty one is a 400 that says where the fault is."""
    reader = _Reader(text)
    node = reader.any_of(_TOP, ("the end",))
    if reader.at < len(text):
        reader.refuse(("AND", "OR", "the end"))
    return node


class _Reader:
    """Reads a filter; `at` is where the next part begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def any_of(self, level: int, behind: tuple[str, ...]) -> Node:
        """Read operands with OR between them; `behind` is what may come after them."""
        operands = [self._all_of(level, behind)]
        while self._skipped(_OR):
            operands.append(self._all_of(level, behind))
        return operands[0] if len(operands) == 1 else Group(every=False, operands=tuple(operands))

    def _all_of(self, level: int, behind: tuple[str, ...]) -> Node:
        operands = [self._operand(level, behind)]
        while self._skipped(_AND):
            operands.append(self._operand(level, behind))
        return operands[0] if len(operands) == 1 else Group(every=True, operands=tuple(operands))

    def _operand(self, level: int, behind: tuple[str, ...]) -> Node:
        if level > MOST_LEVELS:
            raise bad_request(
                f"Invalid filter: it nests too deep {self._place(self.at)}: {MOST_LEVELS} levels are allowed, "
                "of which parentheses take four and NOT takes one"
            )
        match = _COMPARISON.match(self.text, self.at)
        if match is not None and match[1] not in _RESERVED and match[3] not in _RESERVED:
            self.at = match.end()
            name, value = self._decoded(match, 1), self._decoded(match, 3)
            if match[2] == "!=":
                return Negation(self._condition(match.start(1), name, "=", (value,)))
            return self._condition(match.start(1), name, match[2], (value,))
        if self._skipped(_NOT):
            return Negation(self._operand(level + 1, behind))
        if self._skipped(_OPENING):
            node = self.any_of(level + _PARENTHESES, (")",))
            if not self._skipped(_CLOSING):
                self.refuse(("AND", "OR", ")"))
            return node
        return self._other_condition()

    def _other_condition(self) -> Node:
        """Read a condition that is no comparison, or refuse what is none at all."""
        start = self._begin_value()
        name = self._value(("(", "NOT", *_VALUES))
        if self._skipped(_OPERATOR):
            # With a value behind it, it would have been a whole comparison.
            self._value(_VALUES)
        if match := self._skipped(_TEST):
            condition = self._tested(start, name, match.lastgroup or "")
            return Negation(condition) if match["not"] or match["is_not"] else condition
        if values := self._between():
            return self._condition(start, name, "TO", values)
        return self._refuse_test()

    def _tested(self, start: int, name: str, test: str) -> Condition:
        """Read what follows a test's keyword."""
        match test:
            case "null" | "empty" | "exists":
                self._skipped(_SPACE)
                return self._condition(start, name, _TESTED[test])
            case "listed":
                return self._condition(start, name, "IN", tuple(self._listed()))
            case _:
                value = self._value(_VALUES)
                if test == "ends":
                    # The live service answers this operator with a 500, not with a 400.
                    raise ServiceError(500, "Internal server error")
                return self._condition(start, name, _TESTED[test], (value,))

    def _between(self) -> tuple[str, str] | None:
        """Read two values with TO between them, if that is what follows."""
        least = _VALUE.match(self.text, self.at)
        if least is None or least[1] in _RESERVED or (to := _TO.match(self.text, least.end())) is None:
            return None
        self.at = to.end()
        return self._decoded(least, 1), self._value(_VALUES)

    def _listed(self) -> Iterable[str]:
        """Read the values of a list and its end; a comma may follow the last value."""
        expected = ("]", *_VALUES)
        while not self._skipped(_LIST_END):
            yield self._value(expected)
            if not self._skipped(_COMMA):
                if not self._skipped(_LIST_END):
                    self.refuse((",", "]"))
                return

    def _value(self, expected: tuple[str, ...]) -> str:
        match = _VALUE.match(self.text, self.at)
        if match is None or match[1] in _RESERVED:
            self._begin_value()
            self.refuse(expected)
        self.at = match.end()
        return self._decoded(match, 1)

    def _begin_value(self) -> int:
        """Go to where the next value begins."""
        self.at = _BEFORE_VALUE.match(self.text, self.at).end()  # type: ignore[union-attr] # pyright: ignore[reportOptionalMemberAccess] - it always matches
        return self.at

    def _decoded(self, match: re.Match[str], group: int) -> str:
        """Give what a word or a quoted text stands for."""
        text = match[group]
        if text[0] not in "\"'":
            return text
        if "\\" not in text:
            return text[1:-1]
        if (fault := unknown_escape(text)) is not None:
            raise bad_request(
                f"Invalid filter: unknown escape {fault[0]} {self._place(match.start(group) + fault.start())}; "
                r"a backslash is written \\"
            )
        return unquoted(text)

    def _condition(self, start: int, name: str, test: str, values: tuple[str, ...] = ()) -> Condition:
        line, column = self._line_and_column(start)
        return Condition(name, test, values, line, column)

    def _skipped(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def _refuse_test(self) -> NoReturn:
        """Refuse what follows a name, behind what of a test is begun well."""
        if begun := self._skipped(_BEGUN):
            self.refuse(_FOLLOWING[" ".join(begun[1].split())])
        value = _VALUE.match(self.text, self.at)
        if value is None or value[1] in _RESERVED:
            self.refuse(_TESTS)
        self.at = value.end()
        self.refuse(_VALUES if self._skipped(_TO_ALONE) else ("TO",))

    def refuse(self, expected: Iterable[str]) -> NoReturn:
        """Refuse what stands here, or behind the spaces here."""
        self._skipped(_SPACE)
        place = self._place(self.at)
        if (match := _SHOWN.match(self.text, self.at)) is None:
            raise bad_request(
                f"Invalid filter: unexpected end {place}, expected {' or '.join(sorted(expected))}"
            )
        if match[0] in "\"'" and _VALUE.match(self.text, self.at) is None:
            raise bad_request(f"Invalid filter: the quote {place} is never closed")
        if match[0] in _PLACES:
            raise bad_request(
                f"Invalid filter: {match[0]} {place} is reserved for searches by place, which are not supported; "
                f"as a text it must be quoted"
            )
        raise bad_request(
            f"Invalid filter: unexpected {shortened(match[0])!r} {place}, expected {' or '.join(sorted(expected))}"
        )

    def _place(self, position: int) -> str:
        line, column = self._line_and_column(position)
        return f"at line {line}, column {column}"

    def _line_and_column(self, position: int) -> tuple[int, int]:
        breaks = self._breaks
        line = bisect_left(breaks, position)
        return line + 1, position - (breaks[line - 1] if line else -1)

    @cached_property
    def _breaks(self) -> list[int]:
        """Where the line breaks are."""
        return [match.start() for match in re.finditer("\n", self.text)]
