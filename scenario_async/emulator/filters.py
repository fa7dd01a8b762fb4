"""Filter texts to filter trees, by the grammar in `filter.lark`.

Loading this module loads lark: the engine does so when the first filter arrives.
"""

import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import attrs
from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.lexer import PatternStr

from scenario_async.emulator.conditions import Condition, Group, Negation, Node
from scenario_async.emulator.errors import ServiceError, bad_request, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH: Final = 200

_ESCAPE: Final = re.compile(
    r"""\\(?:
        u\{0*(?P<point>[0-9a-fA-F]{1,6})\} | u(?P<unit>[0-9a-fA-F]{4}) | x(?P<byte>[0-9a-fA-F]{2})
        | (?P<octal>[0-3][0-7]{0,2} | [4-7][0-7]?) | (?P<letter>.)
    )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPED: Final = {
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    **{character: character for character in "\\/'\""},
}
_SURROGATES: Final = range(0xD800, 0xE000)
_PLACES: Final = {"_geo", "_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geoPoint", "_geoDistance"}
_DESCRIBED: Final = {
    "WORD": "a word",
    "QUOTED": "a quoted text",
    "COMPARISON": "a comparison",
    "$END": "the end",
}
# What a refusal does not propose, because the service fails on it.
_UNSAID: Final = {"ENDS_WITH"}

_Test: TypeAlias = tuple[str, tuple[str, ...]]


def parse_filter(text: str) -> Node:
    """Read a filter; a faulty one is a 400 that says where the fault is."""
    try:
        node = cast("Node", cast("object", _parser().parse(text)))  # pyright: ignore[reportUnknownMemberType]
    except UnexpectedInput as error:
        raise _refusal(error, text) from None
    if node.depth > MAX_DEPTH:
        raise bad_request(f"Invalid filter: it nests {node.depth} levels deep, {MAX_DEPTH} are allowed")
    return node


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("filter.lark").read_text(encoding="utf-8")
    # The basic lexer, because a keyword is one even where only a value could stand. The tree is built
    # while reading, so that no depth of nesting meets Python's recursion limit.
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        maybe_placeholders=False,
        transformer=_TreeBuilder(),
        lexer_callbacks={"WORD": _refuse_places},
    )


def _refuse_places(word: Token) -> Token:
    """Let a word through unless it is reserved for searches by place, which these indexes have no use for."""
    if word in _PLACES:
        raise bad_request(
            f"Invalid filter: {word} {_place(word)} is reserved for searches by place, which are not supported; "
            f"as a text it must be quoted"
        )
    return word


class _TreeBuilder(Transformer[Token, Node]):
    """Each method has the name of a rule and is given what the rule's parts became."""

    def any_of(self, parts: list[Node]) -> Node:
        return _group(parts, every=False)

    def all_of(self, parts: list[Node]) -> Node:
        return _group(parts, every=True)

    def negation(self, parts: list[Node]) -> Node:
        return Negation(parts[0], parts[0].depth + 1)

    def parenthesised(self, parts: list[Node]) -> Node:
        return attrs.evolve(parts[0], depth=parts[0].depth + 1)

    def condition(self, parts: tuple[Condition, _Test]) -> Node:
        name, (test, values) = parts
        if test == "!=":
            return self.negated_condition((name, ("=", values)))
        return attrs.evolve(name, test=test, values=values)

    def negated_condition(self, parts: tuple[Condition, _Test]) -> Node:
        condition = self.condition(parts)
        return Negation(condition, condition.depth)

    def test(self, parts: list[str]) -> _Test:
        keyword, *values = parts
        return str(keyword), tuple(values)

    def between(self, parts: list[str]) -> _Test:
        return "TO", tuple(parts)

    def ends_with(self, _: list[str]) -> _Test:
        # The live service answers this operator with a 500, not with a 400.
        raise ServiceError(500, "Internal server error")

    def name(self, parts: list[Token]) -> Condition:
        token = parts[0]
        return Condition(_text(token), "", line=token.line or 1, column=token.column or 1)

    def value(self, parts: list[Token]) -> str:
        return _text(parts[0])


def _group(operands: list[Node], *, every: bool) -> Node:
    if len(operands) == 1:
        return operands[0]
    return Group(every, tuple(operands), max(operand.depth for operand in operands))


def _text(token: Token) -> str:
    """Give what a word or a quoted text stands for."""
    if token.type == "WORD":
        return str(token)

    def decode(match: re.Match[str]) -> str:
        decoded = _decoded(match)
        if decoded is None:
            raise bad_request(
                f"Invalid filter: unknown escape {match[0]} {_place(token, 1 + match.start())}; "
                r"a backslash is written \\"
            )
        return decoded

    return _ESCAPE.sub(decode, token[1:-1])


def _decoded(escape: re.Match[str]) -> str | None:
    """Give the character that an escape stands for, or None if it stands for none."""
    if letter := escape["letter"]:
        return _ESCAPED.get(letter)
    digits = escape["point"] or escape["unit"] or escape["byte"]
    code = int(digits, 16) if digits else int(escape["octal"], 8)
    return None if code in _SURROGATES or code > sys.maxunicode else chr(code)


def _refusal(error: UnexpectedInput, text: str) -> ServiceError:
    expected = ", expected " + " or ".join(sorted(map(_description, _accepted(error))))
    if not isinstance(error, UnexpectedToken):
        position = cast("int", error.pos_in_stream)
        where = f"at line {error.line}, column {error.column}"
        if text[position] in "\"'":
            return bad_request(f"Invalid filter: the quote {where} is never closed")
        return bad_request(f"Invalid filter: unexpected {text[position]!r} {where}{expected}")
    token = cast("Token", error.token)  # pyright: ignore[reportUnknownMemberType]
    if token.type == "$END":
        end = Token("$END", text, line=1, column=1)
        return bad_request(f"Invalid filter: unexpected end {_place(end, len(text))}{expected}")
    return bad_request(f"Invalid filter: unexpected {shortened(str(token))!r} {_place(token)}{expected}")


def _accepted(error: UnexpectedInput) -> set[str]:
    """Give the names of the terminals that could have stood in the place of the fault."""
    accepts = cast("Callable[[], set[str]]", error.interactive_parser.accepts)  # pyright: ignore[reportUnknownMemberType]
    return accepts() - _UNSAID


def _place(token: Token, offset: int = 0) -> str:
    """Tell the line and the column of a character of a token, which may be behind line breaks of its own."""
    before = token[:offset]
    line, column = (token.line or 1) + before.count("\n"), (token.column or 1) + offset
    if "\n" in before:
        column = offset - before.rindex("\n")
    return f"at line {line}, column {column}"


def _description(terminal: str) -> str:
    if terminal in _DESCRIBED:
        return _DESCRIBED[terminal]
    pattern = _parser().get_terminal(terminal).pattern
    return pattern.value if isinstance(pattern, PatternStr) else terminal
