"""Filters as Python expressions: `(F.kind == "image") & (F.width >= 1024)`.

A filter renders the service's filter language with every value quoted so that it is read back as that value.
Only forms that the service is known to accept are rendered where there is a choice: `is_in` and
`contains_any` become an `OR` of `=`, `between` becomes two comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, cast

import attrs

from scenario_async._support import checks
from scenario_async._support.literals import Value, is_date_in_words, literal, open_end
from scenario_async.errors import InvalidSearchError
from scenario_async.models import wire_name

_KEYWORDS: Final = frozenset({
    "AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH",
    "_geo", "_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geoDistance", "_geoPoint",
})  # fmt: skip
_DATES: Final = ("createdAt", "updatedAt")
_NAME: Final = "[A-Za-z0-9_.-]+"
_OR, _AND, _NOT, _ATOM = range(4)


@attrs.frozen(repr=False)
class Filter:
    """A condition on hits; `str(filter)` is what travels.

    Combine with `&`, `|` and `~`. Python's `and`, `or`, `not` and chained comparisons raise `TypeError`,
    because they would drop a part of the condition. With pydantic installed, `Filter` is also the type of a field:
    it takes a filter or a text, and travels as its text.
    """

    _text: str
    # Of a text that somebody else wrote, nobody knows how tightly it binds.
    _binding: int = attrs.field(default=_OR, eq=False)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Filter({self._text!r})"

    def __and__(self, other: Filter) -> Filter:
        return (
            _joined("AND", [self, other], _AND)
            if isinstance(cast("object", other), Filter)
            else NotImplemented
        )

    def __or__(self, other: Filter) -> Filter:
        return (
            _joined("OR", [self, other], _OR) if isinstance(cast("object", other), Filter) else NotImplemented
        )

    def __invert__(self) -> Filter:
        return Filter(f"NOT {self.inside(_ATOM)}", _NOT)

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH)

    def inside(self, binding: int) -> str:
        """Give the text as part of one that binds so tightly, in parentheses if need be.

        Raises `InvalidSearchError` for a text that would reach out of its parentheses.
        """
        if self._binding >= binding:
            return self._text
        if (fault := open_end(self._text)) is not None:
            checks.refuse("filter", self._text, f"it must be whole by itself to be joined: {fault}")
        return f"({self._text})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:  # noqa: ANN401 - pydantic's type
        from scenario_async._support.pydantic import plain_schema  # noqa: PLC0415 - only pydantic asks for it

        return plain_schema(_validated, str)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        return {"type": "string", "description": "A condition in the service's filter language."}


def _validated(value: object) -> Filter:
    if isinstance(value, Filter):
        return value
    if not isinstance(value, str):
        _refuse_filter(value)
    checks.text(value, "filter")
    return Filter(value)


_NO_TRUTH: Final = (
    "a filter is neither true nor false: use & | ~ instead of `and`, `or`, `not`, "
    "`between` instead of a chained comparison, `contains_any` instead of `in`"
)


_PARENTHESES: Final = (
    "& | ~ join conditions, and bind more tightly than a comparison: put each into parentheses, as in "
    '(F.kind == "image") & (F.width > 3)'
)


class Field:
    """An attribute that hits are filtered by; `F.width` and `F["width"]` make one.

    Each comparison gives a `Filter`. Values are `str`, `int`, `float`, `bool`, `date` and `datetime`, and scalars of
    numpy and pandas that are one of these; None, NaN, NaT and infinities are refused with `InvalidSearchError`.
    `asc()` and `desc()` give what `sort_by` takes.
    """

    __slots__ = ("_name",)
    __hash__: ClassVar[Callable[[object], int]] = object.__hash__
    # So numpy's scalars leave comparisons to this class also where they stand on the left.
    __array_ufunc__: ClassVar[None] = None

    def __init__(self, name: str) -> None:
        if not isinstance(cast("object", name), str):
            message = f"filter: an attribute name is a {type(name).__name__}, but it must be a str"
            raise InvalidSearchError(message, parameter="filter")
        if not re.fullmatch(_NAME, name) or name in _KEYWORDS:
            rule = (
                "is a word of the filter language" if name in _KEYWORDS else "may only have A-Z a-z 0-9 _ . -"
            )
            raise InvalidSearchError(f"filter: attribute name {name[:80]!r} {rule}", parameter="filter")
        self._name = name

    def __repr__(self) -> str:
        return f"F[{self._name!r}]"

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compared("=", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compared("!=", value)

    def __gt__(self, value: Value) -> Filter:
        return self._ordered(">", value)

    def __ge__(self, value: Value) -> Filter:
        return self._ordered(">=", value)

    def __lt__(self, value: Value) -> Filter:
        return self._ordered("<", value)

    def __le__(self, value: Value) -> Filter:
        return self._ordered("<=", value)

    def is_in(self, *values: Value | Iterable[Value]) -> Filter:
        """Equal one of these values, given one by one or as one iterable."""
        return self._any("is_in", values)

    def not_in(self, *values: Value | Iterable[Value]) -> Filter:
        """Equal none of these values; hits without the attribute match too."""
        return ~self._any("not_in", values)

    def between(self, low: Value, high: Value) -> Filter:
        """Lie between two values, both included, the smaller one first."""
        condition = (self >= low) & (self <= high)
        if _is_above(low, high):
            rule = f"nothing lies there: write between({high!r}, {low!r})"
            raise InvalidSearchError(
                f"filter: {self._name}.between({low!r}, {high!r}): {rule}", parameter="filter"
            )
        return condition

    def exists(self) -> Filter:
        """Have the attribute, be it null or empty (not documented by the service)."""
        return Filter(f"{self._name} EXISTS", _ATOM)

    def is_null(self) -> Filter:
        """Have the attribute with the value null (not documented by the service)."""
        return Filter(f"{self._name} IS NULL", _ATOM)

    def is_empty(self) -> Filter:
        """Have the attribute with an empty text or list."""
        return Filter(f"{self._name} IS EMPTY", _ATOM)

    def contains(self, text: str) -> Filter:
        """Have this text anywhere in the attribute's text."""
        return self._compared("CONTAINS", text)

    def starts_with(self, text: str) -> Filter:
        """Have this text at the start of the attribute's text."""
        return self._compared("STARTS WITH", text)

    def contains_any(self, *values: Value | Iterable[Value]) -> Filter:
        """Have at least one of these values in a list, such as `tags`."""
        return self._any("contains_any", values)

    def contains_all(self, *values: Value | Iterable[Value]) -> Filter:
        """Have every one of these values in a list, such as `tags`."""
        return _joined("AND", self._equalities("contains_all", values), _AND)

    def asc(self) -> str:
        """Give `"attribute:asc"`, for `sort_by`: the smallest or the oldest first."""
        return f"{self._name}:asc"

    def desc(self) -> str:
        """Give `"attribute:desc"`, for `sort_by`: the largest or the newest first."""
        return f"{self._name}:desc"

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH)

    def __contains__(self, value: object) -> NoReturn:
        raise TypeError(_NO_TRUTH)

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self!r} is an attribute's name and has no items")

    if not TYPE_CHECKING:  # checkers refuse these by themselves

        def _refuse_to_join(self, _: object = None) -> NoReturn:
            raise TypeError(_PARENTHESES)

        __and__ = __rand__ = __or__ = __ror__ = __invert__ = _refuse_to_join

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(name)
            from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it

            raise moved.misspelt(self, name)

    def _compared(self, operator: str, value: Value) -> Filter:
        return Filter(f"{self._name} {operator} {literal(value, self._name)}", _ATOM)

    def _ordered(self, operator: str, value: Value) -> Filter:
        """Compare by order; a date with "yesterday" would silently find nothing, or everything."""
        made = self._compared(operator, value)
        if self._name in _DATES and is_date_in_words(value):
            rule = 'compare it with a datetime or a date, or with a text such as "2024-06-01" or "2024-06-01T12:00:00Z"'
            message = f"filter: {self._name} is a date, and {str(value)[:80]!r} is none that the service reads; {rule}"
            raise InvalidSearchError(message, parameter="filter")
        return made

    def _any(self, method: str, values: tuple[Value | Iterable[Value], ...]) -> Filter:
        equalities = self._equalities(method, values)
        if len(equalities) == 1:
            return equalities[0]
        return Filter(f"({_joined('OR', equalities, _OR)})", _ATOM)

    def _equalities(self, method: str, values: tuple[Value | Iterable[Value], ...]) -> list[Filter]:
        flat = cast("tuple[Value, ...]", values)
        if (
            len(values) == 1
            and isinstance(values[0], Iterable)
            and not isinstance(values[0], (str, bytes, bytearray, Field))
        ):
            flat = tuple(values[0])
        if not flat:
            message = f"filter: {self._name}.{method}() needs at least one value"
            raise InvalidSearchError(message, parameter="filter")
        return [self._compared("=", value) for value in flat]


def _is_above(low: object, high: object) -> bool:
    """Tell whether two numbers or moments stand in the wrong order; of texts the service knows the order."""
    if type(low) in (int, float) and type(high) in (int, float):
        return bool(cast("float", low) > cast("float", high))
    if type(low) is type(high) and type(low) in (date, datetime):
        try:
            return bool(cast("date", low) > cast("date", high))
        except TypeError:  # one of them has no time zone
            return False
    return False


class Fields:
    """What filters begin with: `F.created_at` is the attribute createdAt, `F["metadata.type"]` is verbatim.

    The attributes declared here are those that the service documents, so that editors and prompts can offer them; any
    other name makes a `Field` as well.
    """

    __slots__ = ()

    aspect_ratio: Field
    """Of assets: a text such as `16:9`."""
    author_id: Field
    """Of all hits: the user who made it."""
    base_model_id: Field
    """Of assets: the model that the asset's model was made from."""
    capabilities: Field
    """Of models: a list of what it can do, such as `txt2img`."""
    collection_ids: Field
    """Of all hits: a list of the collections that it is in."""
    concepts: Field
    """Of models: a list of the models that it is made of."""
    created_at: Field
    """Of all hits: when it was made; takes a `datetime`."""
    example_asset_ids: Field
    """Of models: a list of the assets that show what it does."""
    guidance: Field
    """Of assets: a number, how closely the prompt was followed."""
    height: Field
    """Of assets: a number of pixels."""
    kind: Field
    """Of assets: `image`, `video`, `audio`, `3d` and the like."""
    mime_type: Field
    """Of assets: a text such as `image/png`."""
    model_id: Field
    """Of assets: the model that made it."""
    model_type: Field
    """Of assets: the type of the model that made it."""
    name: Field
    """Of all hits: its name."""
    negative_prompt: Field
    """Of assets: what was not wanted."""
    nsfw: Field
    """Of assets: a list of labels; an empty one where nothing was found."""
    num_inference_steps: Field
    """Of assets: how many steps it took to make."""
    owner_id: Field
    """Of all hits: the project or the team that owns it."""
    parent_model_id: Field
    """Of models: the model that it was made from."""
    privacy: Field
    """Of all hits: `private`, `public` or `unlisted`."""
    prompt: Field
    """Of assets: what was asked for."""
    scheduler: Field
    """Of assets: how the steps were scheduled."""
    seed: Field
    """Of assets: a text of digits, and no number."""
    size: Field
    """Of assets: a number of bytes."""
    source: Field
    """Of models: where it comes from, such as `civitai` or `scenario`."""
    status: Field
    """Of workflows, though not documented: `draft`, `ready` or `deleted`."""
    tags: Field
    """Of all hits: a list of texts; see `contains_any` and `contains_all`."""
    text: Field
    """Of assets: a text that belongs to it."""
    training_images_number: Field
    """Of models: how many pictures it was trained with."""
    type: Field
    """Of models: `custom`, `flux.1-lora` and the like."""
    updated_at: Field
    """Of all hits: when it was last changed; takes a `datetime`."""
    width: Field
    """Of assets: a number of pixels."""

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return Field(wire_name(name))

    def __getitem__(self, name: str) -> Field:
        return Field(name)

    def __repr__(self) -> str:
        return "F"

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *Fields.__annotations__]

    def _ipython_key_completions_(self) -> list[str]:
        return [*map(wire_name, Fields.__annotations__), *_DOTTED]


_DOTTED: Final = (
    "metadata.type",
    "complianceMetadata.maintainer",
    "complianceMetadata.modelProvider",
    "complianceMetadata.subProcessor",
)
F: Final = Fields()


def to_filter_text(value: str | Filter | None) -> str | None:
    """Take a filter in either form; other types are refused with `InvalidSearchError`."""
    if value is None or isinstance(value, str):
        return value
    if not isinstance(cast("object", value), Filter):
        _refuse_filter(value)
    return str(value)


def _refuse_filter(value: object) -> NoReturn:
    message = f"filter is a {type(value).__name__}; pass a str or an expression of F"
    raise InvalidSearchError(message, parameter="filter")


def _joined(word: str, parts: list[Filter], binding: int) -> Filter:
    if len(parts) == 1:
        return parts[0]
    return Filter(f" {word} ".join(part.inside(binding) for part in parts), binding)
