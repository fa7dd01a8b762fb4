"""Filter texts to filter trees, by the grammar in `filter.lark`.

Loading this module loads lark: the engine does so when the first filter arrives.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, cast

import attrs
from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.lexer import PatternStr

from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.predicates import Condition, Group, Negation, Node

MAX_DEPTH: Final = 200

_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'"}
_ENDS: Final = re.compile(r"\bENDS\s+\Z")
_DESCRIBED: Final = {
    "WORD": "a word",
    "QUOTED": "a quoted text",
    "COMPARISON": "a comparison",
    "$END": "the end",
}

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
    return Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=False, transformer=_TreeBuilder())


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
        point, byte, letter = match.groups()
        try:
            return _ESCAPED[letter] if letter else chr(int(point or byte, 16))
        except (KeyError, ValueError):
            where = _position(token.line, (token.column or 1) + match.start() + 1)
            raise bad_request(f"Invalid filter: unknown escape {match[0]} {where}") from None

    return _ESCAPE.sub(decode, token[1:-1])


def _refusal(error: UnexpectedInput, text: str) -> ServiceError:
    position, expected = cast("int | None", error.pos_in_stream) or 0, ""
    if isinstance(error, UnexpectedToken):
        token = cast("Token", error.token)  # pyright: ignore[reportUnknownMemberType]
        if token.type == "_WITH" and _ENDS.search(text, 0, position):
            # The live service answers this operator with a 500, not with a 400.
            return ServiceError(500, "Internal server error")
        expected = ", expected " + " or ".join(sorted(map(_description, error.accepts or error.expected)))
        if token.type == "$END":
            return bad_request(f"Invalid filter: it ends too early{expected}")
        found = str(token)
    else:
        found = text[position]
        if found in "\"'":
            where = _position(error.line, error.column)
            return bad_request(f"Invalid filter: the quote {where} is never closed")
    return bad_request(
        f"Invalid filter: unexpected {found!r} {_position(error.line, error.column)}{expected}"
    )


def _position(line: int | None, column: int | None) -> str:
    return f"at line {line or 1}, column {column or 1}"


def _description(terminal: str) -> str:
    if terminal in _DESCRIBED:
        return _DESCRIBED[terminal]
    pattern = _parser().get_terminal(terminal).pattern
    return pattern.value if isinstance(pattern, PatternStr) else terminal
